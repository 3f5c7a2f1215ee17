"""A drawing as one step of autograd, and who computes it."""

from typing import Any, Protocol, cast, runtime_checkable

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from reverie.raster.scene import Scene

Slopes = tuple[Tensor, Tensor, Tensor, Tensor]


@runtime_checkable
class Backend(Protocol):
    """Draws flattened shapes, and says how the picture changes with them.

    vertices `[v, 2]`, radii `[n]`, colours `[n, 4]`, paper, image and its gradient `[b, 3, h, w]`.
    What `draw` saves for `slopes` is its own affair.
    """

    def draw(
        self, scene: Scene, vertices: Tensor, radii: Tensor, colours: Tensor, paper: Tensor
    ) -> tuple[Tensor, Any]: ...

    def slopes(
        self,
        scene: Scene,
        vertices: Tensor,
        radii: Tensor,
        colours: Tensor,
        paper: Tensor,
        saved: Any,
        grad: Tensor,
    ) -> Slopes: ...


class Drawn(torch.autograd.Function):
    """The picture of a scene by a backend, with the backend's own gradient."""

    @staticmethod
    def forward(ctx: Any, backend: Backend, scene: Scene, *given: Tensor) -> Tensor:
        image, saved = backend.draw(scene, *(x.detach() for x in given))
        ctx.save_for_backward(*given)
        ctx.backend, ctx.scene, ctx.saved = backend, scene, saved
        return image.detach()  # another tensor than one that `saved` may hold: no cycle

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        slopes = ctx.backend.slopes(ctx.scene, *ctx.saved_tensors, ctx.saved, grads[0].contiguous())
        return None, None, *slopes


def backend(vertices: Tensor) -> Backend:
    """The quickest that can draw these: compiled loops on CPUs, if numba is installed and works."""
    from reverie.raster import eager

    if vertices.device.type == "cpu" and vertices.dtype in (torch.float32, torch.float64):
        try:
            from reverie.raster import fast  # type: ignore[attr-defined]
        except ImportError:
            return cast(Backend, eager)
        if fast.ready():
            return cast(Backend, fast)
    return cast(Backend, eager)
