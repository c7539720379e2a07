"""One training step of a 2-D Hyena vision model in PyTorch: `hyena bench train`'s work with torch.fft
and autograd, the operator as its reference composes it (rfft2, product, irfft2).

usage: train_step.py [--model hyena_tiny_28|hyena_vit_ti_p16] [--img-size N] [--patch N]
                     [--batch-size 32] [--threads 1] [--rounds 7] [--seconds 0.5]

Needs torch in Python (scripts/setup --cuda, or pip install torch==2.11.0).
"""
import argparse
import json
import statistics
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except (ImportError, OSError) as error:  # the small CPU install has no Python side
    sys.exit(f"train_step: {error}; scripts/setup --cuda installs a torch that Python can import")


class Filter2d(nn.Module):
    """(2 side - 1)^2 taps from coordinates: waves, sine MLP, exponential window."""

    def __init__(self, dim, side, features, width, table):
        super().__init__()
        taps = 2 * side - 1
        rate = torch.exp(torch.arange(0, features // 2, 2) * (-9.210340372 / (features // 2)))
        angle = rate[:, None] * torch.arange(taps)
        along = torch.stack([angle.sin(), angle.cos()], 1).flatten(0, 1)
        z = torch.cat([along[:, None].expand(-1, taps, -1), along[:, :, None].expand(-1, -1, taps)])
        if table:  # learned from this start
            self.z = nn.Parameter(z[None])
        else:
            self.register_buffer("z", z[None])
        lag = torch.arange(taps) - taps // 2
        self.register_buffer("distance", (lag[:, None] ** 2 + lag**2).sqrt()[None, None])
        self.deltas = nn.Parameter(torch.linspace(-3.07, -15.35, dim).view(1, -1, 1, 1) / taps)
        self.shift = nn.Parameter(torch.zeros(1, dim, 1, 1))
        self.bias = nn.Parameter(torch.randn(1, dim, 1, 1))
        self.first = nn.Conv2d(features, width, 1)
        self.second = nn.Conv2d(width, width, 1)
        self.last = nn.Conv2d(width, dim, 1, bias=False)
        self.frequency = nn.ParameterList(nn.Parameter(torch.ones(1, width, 1, 1)) for _ in range(2))

    def forward(self):
        h = torch.sin(self.frequency[0] * self.first(self.z))
        h = self.last(torch.sin(self.frequency[1] * self.second(h)))
        return h * (torch.exp(-self.distance * self.deltas.abs()) + self.shift)


class Hyena2d(nn.Module):
    def __init__(self, dim, side, kernel, features, width, table):
        super().__init__()
        self.side = side
        self.project = nn.Conv2d(dim, 3 * dim, 1)
        self.short = nn.Conv2d(3 * dim, 3 * dim, kernel, padding=kernel // 2, groups=3 * dim)
        self.filter = Filter2d(dim, side, features, width, table)
        self.out = nn.Conv2d(dim, dim, 1)

    def forward(self, x):
        b, n, d = x.shape
        x = x.transpose(1, 2).view(b, d, self.side, self.side)
        q, k, v = self.short(self.project(x)).chunk(3, 1)
        u = q * k
        points = [max(2 * self.side, (2 * self.side - 1) // 2 + self.side)] * 2
        h = torch.fft.rfft2(self.filter(), s=points)
        y = torch.fft.irfft2(torch.fft.rfft2(u, s=points) * h, s=points)
        first = self.side - 1
        y = y[..., first : first + self.side, first : first + self.side] + u * self.filter.bias
        return self.out(y * v).flatten(2).transpose(1, 2)


class Block(nn.Module):
    def __init__(self, dim, mixer):
        super().__init__()
        self.norm1, self.mixer = nn.LayerNorm(dim, eps=1e-6), mixer
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        x = x + self.mixer(self.norm1(x))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class Model(nn.Module):
    def __init__(self, stem, dim, depth, side, classes, mixer):
        super().__init__()
        self.stem = stem
        self.positions = nn.Parameter(torch.randn(1, side * side, dim) * 0.02)
        self.blocks = nn.Sequential(*[Block(dim, Hyena2d(dim, side, **mixer)) for _ in range(depth)])
        self.norm, self.head = nn.LayerNorm(dim, eps=1e-6), nn.Linear(dim, classes)

    def forward(self, images):
        x = self.stem(images).flatten(2).transpose(1, 2) + self.positions
        return self.head(self.norm(self.blocks(x).mean(1)))


def build(name, img_size, patch):
    if name == "hyena_tiny_28":
        stem = nn.Sequential(
            nn.Conv2d(1, 32, 3, 2, 1, bias=False),
            nn.BatchNorm2d(32),
            nn.GELU(),
            nn.Conv2d(32, 64, 3, 2, 1, bias=False),
            nn.BatchNorm2d(64),
        )
        model = Model(stem, 64, 3, 7, 10, {"kernel": 3, "features": 16, "width": 32, "table": False})
        return model, (1, 28, 28), 10
    size, cell = img_size or 224, patch or 16
    stem = nn.Conv2d(3, 192, cell, cell)
    model = Model(stem, 192, 12, size // cell, 1000, {"kernel": 5, "features": 32, "width": 64, "table": True})
    return model, (3, size, size), 1000


parser = argparse.ArgumentParser()
parser.add_argument("--model", default="hyena_tiny_28", choices=["hyena_tiny_28", "hyena_vit_ti_p16"])
parser.add_argument("--img-size", type=int, default=0)
parser.add_argument("--patch", type=int, default=0)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--seconds", type=float, default=0.5)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
model, shape, classes = build(args.model, args.img_size, args.patch)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)
images = torch.randn(args.batch_size, *shape)
labels = torch.randint(classes, (args.batch_size,))


def step():
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(model(images), labels).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


step()
start = time.perf_counter()
step()
calls = max(1, round(args.seconds / (time.perf_counter() - start)))
times = []
for _ in range(args.rounds):
    start = time.perf_counter()
    for _ in range(calls):
        step()
    times.append((time.perf_counter() - start) / calls)
print(
    json.dumps(
        {
            "model": args.model,
            "parameters": sum(p.numel() for p in model.parameters()),
            "seconds": statistics.median(times),
            "low": min(times),
            "high": max(times),
        }
    )
)
