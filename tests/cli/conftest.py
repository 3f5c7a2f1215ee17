"""A command line to run, somewhere else."""

import pytest

from reverie.cli import main


@pytest.fixture
def somewhere_else(tmp_path, monkeypatch):
    """An empty working directory, and no models but those of the package."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REVERIE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def reverie(capsys):
    """Runs a command line; gives exit code, stdout and stderr."""

    def run(*arguments):
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        return code, out, err

    return run
