"""One training step of a Hyena language model in PyTorch: `hyena bench train`'s work with torch.fft and
autograd, the operator as its reference composes it (rfft of twice the length, product, irfft).

usage: language_step.py [--seq-len 4096] [--d-model 256] [--n-layer 6] [--batch-size 1] [--threads 1]
                        [--rounds 7] [--seconds 0.5]

Needs torch in Python (scripts/setup --cuda, or pip install torch==2.11.0).
"""
import argparse
import json
import math
import resource
import statistics
import sys
import time

try:
    import torch
    from torch import nn
    from torch.nn import functional as F
except (ImportError, OSError) as error:  # the small CPU install has no Python side
    sys.exit(f"language_step: {error}; scripts/setup --cuda installs a torch that Python can import")


class Filter(nn.Module):
    """Taps for lags 0 to length - 1: waves of the position, sine MLP, exponential window."""

    def __init__(self, dim, length, features, width, frequency):
        super().__init__()
        t = torch.linspace(0, 1, length)[:, None]
        bands = (features - 1) // 2
        angle = torch.arange(length)[:, None] * (2 * math.pi / length) * torch.linspace(1e-4, bands - 1, bands)
        self.z = nn.Parameter(torch.cat([t, angle.cos(), -angle.sin()], 1))
        fast, slow = math.log(1e-2) / 0.3, math.log(1e-2) / 1.5
        self.register_buffer("window", torch.exp(-t * torch.linspace(slow, fast, dim).abs()))
        self.frequency = nn.Parameter(torch.full((width,), float(frequency)))
        self.layers = nn.ModuleList([nn.Linear(features, width), nn.Linear(width, width), nn.Linear(width, width)])
        self.last = nn.Linear(width, dim, bias=False)
        self.bias = nn.Parameter(torch.randn(dim))

    def forward(self):
        h = self.z
        for layer in self.layers:
            h = torch.sin(self.frequency * layer(h))
        return (self.last(h) * self.window).t()


class Hyena(nn.Module):
    def __init__(self, dim, length):
        super().__init__()
        self.project, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.short = nn.Conv1d(3 * dim, 3 * dim, 3, padding=2, groups=3 * dim)
        self.filter = Filter(dim, length, 17, 32, 10)

    def forward(self, x):
        n = x.shape[1]
        a, b, v = self.short(self.project(x).transpose(1, 2))[..., :n].chunk(3, 1)
        u = b * v
        h = torch.fft.rfft(self.filter()[:, :n], n=2 * n)
        y = torch.fft.irfft(torch.fft.rfft(u, n=2 * n) * h, n=2 * n)[..., :n]
        return self.out(((y + u * self.filter.bias[:, None]) * a).transpose(1, 2))


class Block(nn.Module):
    def __init__(self, dim, length):
        super().__init__()
        self.norm1, self.mixer, self.norm2 = nn.LayerNorm(dim), Hyena(dim, length), nn.LayerNorm(dim)
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

    def forward(self, x):
        x = x + self.mixer(self.norm1(x))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x)), approximate="tanh"))


class Model(nn.Module):
    def __init__(self, dim, depth, length, vocabulary):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, dim)
        self.blocks = nn.Sequential(*[Block(dim, length) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)

    def forward(self, ids):
        return F.linear(self.norm(self.blocks(self.embedding(ids))), self.embedding.weight)


parser = argparse.ArgumentParser()
parser.add_argument("--seq-len", type=int, default=4096)
parser.add_argument("--d-model", type=int, default=256)
parser.add_argument("--n-layer", type=int, default=6)
parser.add_argument("--batch-size", type=int, default=1)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--rounds", type=int, default=7)
parser.add_argument("--seconds", type=float, default=0.5)
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
VOCABULARY = 256
model = Model(args.d_model, args.n_layer, args.seq_len, VOCABULARY)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.05)
ids = torch.randint(VOCABULARY, (args.batch_size, args.seq_len + 1))


def step():
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten()).backward()
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
            "parameters": sum(p.numel() for p in model.parameters()),
            "seconds": statistics.median(times),
            "low": min(times),
            "high": max(times),
            "peak_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        }
    )
)
