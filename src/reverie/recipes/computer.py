"""What this computer is: the first findings of a checkup.

Each probe imports what it needs by itself, so that a broken torch is a finding and no failure.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

State = Literal["fine", "hint", "broken"]
VARIABLES = (
    r"REVERIE_\w+|(OMP|MKL)_NUM_THREADS|CUDA_VISIBLE_DEVICES|PYTORCH_\w+|XDG_CACHE_HOME|HF_HOME|"
    r"(HTTPS?|ALL|NO)_PROXY|SSL_CERT_FILE"
)
SECRET = r"TOKEN|KEY|SECRET|PASSW"


@dataclass(frozen=True)
class Finding:
    """One line of a checkup. `said` is for people and `facts` says the same to programs."""

    name: str
    said: str
    state: State = "fine"
    remedy: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


def software() -> Iterator[Finding]:
    """Reverie, Python, and whether torch and the rest are as new as they must be."""
    import platform
    from importlib.metadata import PackageNotFoundError, requires

    import reverie
    from reverie.version import __version__

    folder = str(Path(reverie.__file__).parent)
    yield Finding("reverie", f"{__version__}, in {folder}", facts={"version": __version__})
    yield Finding("python", f"{platform.python_version()} on {platform.platform()}")
    try:
        wanted = [w for w in requires("reverie") or [] if "extra ==" not in w]
    except PackageNotFoundError:
        wanted = []
        yield Finding("packages", "not checked: this copy was not installed by pip", "hint")
    for line in wanted:
        if why := _unfit(line):
            remedy = f"python -m pip install --upgrade '{line}'"
            yield Finding(re.split(r"[^\w-]", line)[0], why, "broken", remedy)


def torch() -> Iterator[Finding]:
    """That it can be imported at all, which its version alone does not say."""
    try:
        import torch
    except (ImportError, OSError) as error:  # a library that it needs is not there
        said = f"cannot be imported ({' '.join(str(error).split())})"
        remedy = "python -m pip install --force-reinstall torch"
        yield Finding("torch", said, "broken", remedy)
        return
    cores = _cores()
    threads = torch.get_num_threads()
    built = torch.version.cuda or torch.version.hip
    yield Finding(
        "torch",
        f"{torch.__version__}, {f'built for CUDA {built}' if built else 'without CUDA'}",
        facts={"version": torch.__version__},
    )
    yield Finding(
        "processor",
        f"{cores} {'core' if cores == 1 else 'cores'}, torch uses {threads}",
        "hint" if threads < cores else "fine",
        "OMP_NUM_THREADS is set; without it torch takes them all"
        if threads < cores and "OMP_NUM_THREADS" in os.environ
        else "",
        {"cores": cores, "threads": threads},
    )


def memory() -> Iterator[Finding]:
    """Free and whole, in a container those of its limit where that can be read."""
    free, whole = _memory()
    if whole is None:
        yield Finding("memory", "this system does not say", "hint")
        return
    said = f"{size(whole)}" if free is None else f"{size(free)} of {size(whole)} free"
    low = free is not None and free < 2e9
    remedy = "close something, or paint with --size 256 and losses.prompts.chunk=4" if low else ""
    facts = {"free_bytes": free, "bytes": whole}
    yield Finding("memory", said, "hint" if low else "fine", remedy, facts)


def room_for(name: str, folder: Path, remedy: str, enough: float) -> Finding:
    """Whether files can be written in a folder, which need not exist yet, and how much is free."""
    facts: dict[str, Any] = {"folder": str(folder)}
    try:
        free = room(folder)
    except OSError as error:
        why = f"{folder}: cannot be written ({error.strerror})"
        return Finding(name, why, "broken", remedy, facts)
    facts["free_bytes"] = free
    little = free < enough
    said = f"{size(free)} free in {folder}"
    return Finding(name, said, "hint" if little else "fine", remedy if little else "", facts)


def room(folder: Path) -> int:
    """Bytes that are free where a folder is, or would be made.

    Raises:
        OSError: nothing can be written there.
    """
    folder = folder.absolute()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    with tempfile.TemporaryFile(dir=there):  # permissions alone do not tell
        return shutil.disk_usage(there).free


def devices(device: str, precision: str) -> Iterator[Finding]:
    """What could compute, and what is chosen."""
    import torch

    from reverie.device import describe, machine

    has = torch.cpu.get_capabilities()
    quick = bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    said = (
        f"{torch.backends.cpu.get_cpu_capability()}, {'bf16' if quick else 'no bf16'} in hardware"
    )
    yield Finding("cpu", said, facts={"bf16": quick})
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            free, whole = torch.cuda.mem_get_info(index)
            name = torch.cuda.get_device_name(index)
            facts = {"device": name, "free_bytes": free, "bytes": whole}
            said = f"{name}, {size(free)} of {size(whole)} free"
            yield Finding(f"cuda:{index}", said, facts=facts)
    else:
        yield _no_cuda()
    if torch.backends.mps.is_available():
        yield Finding("mps", "Apple's graphics processor")
    on = describe(machine(device, precision))
    facts = {key: on[key] for key in ("device", "precision")}
    chosen = f"{on['device']} in {on['precision']}"
    by_itself = device == precision == "auto"
    said = f"auto takes {chosen}" if by_itself else f"{chosen}, as asked"
    yield Finding("device", said, facts=facts)


def environment() -> Iterator[Finding]:
    """The variables that change what happens. What may be secret in them is left out."""
    for name, value in sorted(os.environ.items()):
        if re.fullmatch(VARIABLES, name, re.IGNORECASE) and value:
            yield Finding(name, _discreet(name, value), "hint")


def size(count: float) -> str:
    """Bytes, as people say them."""
    for unit, one in (("GB", 1e9), ("MB", 1e6)):
        if count >= one:
            return f"{count / one:.1f} {unit}"
    return f"{count / 1e3:.1f} kB"


def _no_cuda() -> Finding:
    import torch

    if torch.version.cuda is None and shutil.which("nvidia-smi"):
        said = "there is an NVIDIA card, and this torch is built without CUDA"
        return Finding("cuda", said, "hint", "install torch for CUDA: https://pytorch.org")
    if torch.version.cuda and os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return Finding("cuda", "hidden", "hint", "CUDA_VISIBLE_DEVICES is set; unset it")
    return Finding("cuda", "none", "hint")


def _unfit(requirement: str) -> str:
    """Why an installed package is not what `name<3,>=2.9` asks for; nothing if it is."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        here = version(re.split(r"[^\w-]", requirement)[0])
    except PackageNotFoundError:
        return "not installed"
    for relation, bound in re.findall(r"(>=|<)([\d.]+)", requirement):
        if (_numbers(here) >= _numbers(bound)) != (relation == ">="):
            return f"{here} is installed, {relation}{bound} is wanted"
    return ""


def _numbers(version: str) -> list[int]:
    """2.13.0+cpu -> [2, 13]. Zeros at the end say nothing."""
    found = re.match(r"\d+(\.\d+)*", version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while numbers and not numbers[-1]:
        numbers.pop()
    return numbers


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # a container may give some of them
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> tuple[int | None, int | None]:
    """Bytes free and whole; None where the system does not say."""
    told = Path("/proc/meminfo")
    if not told.is_file():
        try:
            return None, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):  # not a POSIX system
            return None, None
    found = dict(re.findall(r"(\w+):\s+(\d+) kB", told.read_text("ascii")))
    free, whole = (1024 * int(found[name]) for name in ("MemAvailable", "MemTotal"))
    limit = Path("/sys/fs/cgroup/memory.max")  # of a container; "max" where there is none
    most = limit.read_text("ascii").strip() if limit.is_file() else "max"
    return (free, whole) if most == "max" else (min(free, int(most)), min(whole, int(most)))


def _discreet(name: str, value: str) -> str:
    """A value in one line, without keys, and without the password in a proxy's address."""
    if re.search(SECRET, name, re.IGNORECASE):
        return "..."
    value = " ".join(value.split())
    return re.sub(r"(\w+://)?\S*@", r"\1...@", value) if "PROXY" in name.upper() else value
