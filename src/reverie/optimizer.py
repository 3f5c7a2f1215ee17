"""The optimisers of the family, as data. Every one takes a learning-rate curve per group."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from reverie.curve import Number, as_curve
from reverie.errors import SpecError
from reverie.protocols import Curve
from reverie.spec import hint, spec

Groups = Mapping[str, list[nn.Parameter]]


class OptimizerSpec(ABC):
    """`lr` is one number or curve for all, or one per parameter group of the canvas by name."""

    lr: Number | dict[str, Number]

    def build(self, groups: Groups) -> tuple[Optimizer, dict[str, Curve]]:
        """The live optimiser over `groups`, and the learning-rate curve of each."""
        given = self.lr if isinstance(self.lr, dict) else dict.fromkeys(groups, self.lr)
        for name in {*given} ^ {*groups}:
            raise SpecError(
                f"lr: the canvas has the parameter groups {', '.join(sorted(groups))}, one rate "
                f"each; {name!r} is {'missing' if name in groups else 'not one of them'}"
                + ("" if name in groups else hint(name, groups))
            )
        curves: dict[str, Curve] = {name: as_curve(value) for name, value in given.items()}
        for name, curve in curves.items():
            if min(curve(0.0), curve(0.5), curve(1.0)) < 0:
                raise SpecError(f"lr: the learning rate of {name!r} is below 0: {given[name]}")
        rows = [{"name": n, "params": p, "lr": curves[n](0.0)} for n, p in groups.items()]
        try:
            return self.over(rows), curves
        except ValueError as error:  # how torch refuses betas and the like
            raise SpecError(f"{type(self).__name__}: {error}") from error

    @abstractmethod
    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        """The live optimiser over torch's parameter groups."""


@spec
class Adam(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.05
    betas: tuple[float, float] = (0.9, 0.999)

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return torch.optim.Adam(rows, betas=self.betas)


@spec
class AdamW(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.01

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return torch.optim.AdamW(rows, betas=self.betas, weight_decay=self.weight_decay)


@spec
class RMSprop(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.05
    alpha: float = 0.99

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return torch.optim.RMSprop(rows, alpha=self.alpha)


@spec
class Adagrad(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.1

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return torch.optim.Adagrad(rows)


@spec
class RAdam(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.05
    betas: tuple[float, float] = (0.9, 0.999)

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return torch.optim.RAdam(rows, betas=self.betas)


@spec
class Adamax(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.05
    betas: tuple[float, float] = (0.9, 0.999)

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return torch.optim.Adamax(rows, betas=self.betas)


@spec
class DiffGrad(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.05
    betas: tuple[float, float] = (0.9, 0.999)

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return DiffGradOptimizer(rows, betas=self.betas)


@spec
class AdamP(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    delta: float = 0.1

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return AdamPOptimizer(rows, betas=self.betas, delta=self.delta)


@spec
class NormalizedDescent(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.006

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return NormalizedDescentOptimizer(rows)


class NormalizedDescentOptimizer(Optimizer):
    """Moves parameters by `lr` on average, each in proportion to its gradient: the gradient is
    divided by its mean absolute value, which every picture of a batch has for itself.

    Source: Mordvintsev's DeepDream notebook (2015), where it ascends.
    Differs: where there is no gradient at all, nothing moves.
    """

    def __init__(self, params: Iterable[Any], lr: float = 1e-3, eps: float = 1e-12) -> None:
        super().__init__(params, {"lr": lr, "eps": eps})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for p, grad, group in gradients(self):
            mean = grad.abs().flatten(1).mean(1) if grad.ndim > 1 else grad.abs()  # [b]
            mean = mean.clamp(min=group["eps"]).view(-1, *[1] * (grad.ndim - 1))
            p.sub_(grad / mean, alpha=group["lr"])


class AdamPOptimizer(Optimizer):
    """Adam without the part of the step that only makes scale-invariant weights longer.

    Where gradient and weights are nearly orthogonal (cosine below `delta` / sqrt(dim)), the step
    is projected onto the tangent of the sphere, per row of the weights or over all of them.

    Source: Heo et al., "AdamP" (2021), https://arxiv.org/abs/2006.08217. No weight decay here.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        delta: float = 0.1,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "delta": delta})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for p, grad, group in gradients(self):
            step = adam_step(self.state[p], grad, group["betas"], group["eps"])
            p.sub_(tangent(p, grad, step, group["delta"], group["eps"]), alpha=group["lr"])


class DiffGradOptimizer(Optimizer):
    """Adam whose step is halved where the gradient stays as it was, and whole where it jumps.

    Source: Dubey et al., "diffGrad" (2019), https://arxiv.org/abs/1909.11015.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for p, grad, group in gradients(self):
            state = self.state[p]
            before = state.get("before", torch.zeros_like(grad))
            friction = (grad - before).abs().sigmoid()  # 1/2 to 1
            step = adam_step(state, grad, group["betas"], group["eps"])
            p.sub_(friction * step, alpha=group["lr"])
            state["before"] = grad.clone()


def gradients(optimizer: Optimizer) -> Iterator[tuple[Tensor, Tensor, dict[str, Any]]]:
    """Every parameter that has a gradient, with it and with its group."""
    for group in optimizer.param_groups:
        for p in group["params"]:
            if p.grad is not None:
                yield p, p.grad, group


def adam_step(
    state: dict[str, Any], grad: Tensor, betas: tuple[float, float], eps: float
) -> Tensor:
    """Adam's step for a learning rate of 1, after taking the gradient into the means in `state`.

    Source: Kingma and Ba, "Adam" (2014), https://arxiv.org/abs/1412.6980.
    """
    if "step" not in state:
        state["step"] = 0
        state["mean"], state["square"] = torch.zeros_like(grad), torch.zeros_like(grad)
    state["step"] += 1
    state["mean"].lerp_(grad, 1 - betas[0])
    state["square"].mul_(betas[1]).addcmul_(grad, grad, value=1 - betas[1])
    root = state["square"].sqrt() / math.sqrt(1 - betas[1] ** state["step"])
    return state["mean"] / (1 - betas[0] ** state["step"]) / root.add_(eps)


def tangent(p: Tensor, grad: Tensor, step: Tensor, delta: float, eps: float) -> Tensor:
    """`step` without its component along `p`, where `p` looks scale-invariant."""
    if p.ndim < 2:
        return step
    for rows in (p.flatten(1), p.flatten()[None]):  # one direction per row, or one for all
        g, s = grad.reshape(rows.shape), step.reshape(rows.shape)
        unit = rows / rows.norm(dim=1, keepdim=True).clamp(min=eps)
        along = (unit * g).sum(1).abs() / g.norm(dim=1).clamp(min=eps)
        if along.max() < delta / math.sqrt(rows.shape[1]):
            return (s - unit * (unit * s).sum(1, keepdim=True)).reshape(p.shape)
    return step
