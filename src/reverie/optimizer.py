"""The optimisers of the family, as data. Every one takes a learning-rate curve per group."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
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
class AdamP(OptimizerSpec):
    lr: Number | dict[str, Number] = 0.05
    betas: tuple[float, float] = (0.9, 0.999)
    delta: float = 0.1

    def over(self, rows: list[dict[str, Any]]) -> Optimizer:
        return AdamPOptimizer(rows, betas=self.betas, delta=self.delta)


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
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._update(p, p.grad, group)

    def _update(self, p: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        state = self.state[p]
        if not state:
            state["step"] = 0
            state["mean"], state["square"] = torch.zeros_like(p), torch.zeros_like(p)
        state["step"] += 1
        state["mean"].lerp_(grad, 1 - beta1)
        state["square"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        root = state["square"].sqrt() / math.sqrt(1 - beta2 ** state["step"])
        step = state["mean"] / (1 - beta1 ** state["step"]) / root.add_(group["eps"])
        p.sub_(tangent(p, grad, step, group["delta"], group["eps"]), alpha=group["lr"])


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
