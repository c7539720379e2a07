"""What `hyena bench loader` measures, with torchvision: decode, RandomResizedCrop, flip, uint8.

usage: torchvision_loader.py FOLDER [--workers 0 1 2] [--epochs 5] [--batch-size 50] [--img-size 224]

FOLDER has one folder a class. Needs torch and torchvision in Python (pip install torchvision).
"""
import argparse
import json
import statistics
import sys
import time

try:
    import torch
    from torchvision import datasets, transforms
except (ImportError, OSError) as error:  # the small CPU install has no Python side
    sys.exit(f"torchvision_loader: {error}; scripts/setup --cuda, then pip install torchvision")

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--batch-size", type=int, default=50)
parser.add_argument("--img-size", type=int, default=224)
args = parser.parse_args()

torch.set_num_threads(1)
data = datasets.ImageFolder(
    args.folder,
    transforms.Compose(
        [
            transforms.RandomResizedCrop(args.img_size),
            transforms.RandomHorizontalFlip(),
            transforms.PILToTensor(),
        ]
    ),
)
rows = []
for workers in args.workers:
    loader = torch.utils.data.DataLoader(
        data,
        batch_size=args.batch_size,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
    )
    rates = []
    for epoch in range(args.epochs + 1):
        start = time.perf_counter()
        pictures = sum(len(images) for images, _ in loader)
        if epoch > 0:
            rates.append(pictures / (time.perf_counter() - start))
    rows.append(
        {
            "workers": workers,
            "images_per_s": statistics.median(rates),
            "lowest": min(rates),
            "highest": max(rates),
        }
    )
print(json.dumps({"bench": "loader", "pictures": len(data), "epochs": args.epochs, "rows": rows}, indent=2))
