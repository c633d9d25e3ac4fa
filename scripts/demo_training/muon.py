"""An optimizer for the weight matrices."""

from __future__ import annotations

import torch


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonalised updates (https://kellerjordan.github.io/posts/muon).

    It learns to copy unseen names in a fraction of the steps Adam needs. torch's own
    works in bfloat16, which processors without AVX-512 emulate, too slowly for this.
    """

    def __init__(self, parameters: list[torch.nn.Parameter], rate: float) -> None:
        super().__init__(parameters, {"lr": rate, "momentum": 0.95, "decay": 0.05})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[torch.nn.Parameter]] = {}
            for parameter in group["params"]:
                by_shape.setdefault(parameter.shape, []).append(parameter)
            for shape, alike in by_shape.items():
                updates = []
                for parameter in alike:
                    state = self.state[parameter]
                    mean = state.setdefault("mean", torch.zeros_like(parameter))
                    mean.lerp_(parameter.grad, 1 - group["momentum"])
                    updates.append(parameter.grad.lerp(mean, group["momentum"]))
                scale = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                orthogonal = _orthogonalised(torch.stack(updates))
                for parameter, update in zip(alike, orthogonal, strict=True):
                    parameter.mul_(1 - group["lr"] * group["decay"])
                    parameter.sub_(update, alpha=scale)


def _orthogonalised(matrices: torch.Tensor) -> torch.Tensor:
    """Return roughly U V^T of every matrix U S V^T (Newton-Schulz iteration)."""
    tall = matrices.size(-2) > matrices.size(-1)
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.mT if tall else x
