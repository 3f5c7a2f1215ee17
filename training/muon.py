"""The optimizer of the pocket StyleGAN: every step turns a matrix by the same amount in all its
directions, so that what is rare in the gradient is learnt as quickly as what is common.

Source: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024),
https://kellerjordan.github.io/posts/muon/
Differs: a step is as long as all the numbers of the matrix changing by the rate each.
"""

import math

import torch
from torch import Tensor, nn

ROUNDS = 5
A, B, C = 3.4445, -4.7750, 2.0315  # of the polynomial that takes singular values to near 1


def orthogonal(change: Tensor) -> Tensor:
    """Nearly the matrix with the same rows and columns whose singular values are all 1."""
    x = change.bfloat16()
    x = x if len(x) <= x.shape[1] else x.T
    x = x / (x.norm() + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.T
        x = A * x + (B * square + C * square @ square) @ x
    return (x if len(change) <= change.shape[1] else x.T).float()


class Muon(torch.optim.Optimizer):
    """For matrices and kernels, each taken as `[out, rest]`."""

    def __init__(self, weights: list[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Move every weight once, by its gradient and those before (Nesterov's momentum)."""
        for group in self.param_groups:
            for weight in group["params"]:
                assert weight.grad is not None
                state = self.state[weight]
                if "mean" not in state:
                    state["mean"] = torch.zeros_like(weight)
                mean = state["mean"].mul_(group["momentum"]).add_(weight.grad)
                change = weight.grad + group["momentum"] * mean
                flat = change.flatten(1)
                moved = orthogonal(flat) * math.sqrt(max(flat.shape))
                weight.add_(moved.view_as(weight), alpha=-group["lr"])
