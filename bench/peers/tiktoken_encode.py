#!/usr/bin/env python3
"""Bytes a second of tiktoken's encode_ordinary on one thread; prints JSON.

usage: bench/peers/tiktoken_encode.py FOLDER FILE [--repeat 5] [--mebibytes 8]

FOLDER has GPT-2's encoder.json and vocab.bpe; nothing is downloaded. FILE is repeated to the size
that is asked for and encoded as one string, `repeat` times. Needs tiktoken (PyPI).
"""
import argparse
import json
import pathlib
import time

import tiktoken

# tiktoken's own form of GPT-2's expression (tiktoken_ext/openai_public.py).
PATTERN = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""


def gpt2(folder):
    printing = [b for b in range(256) if 0x21 <= b <= 0x7E or (b >= 0xA1 and b != 0xAD)]
    byte_of = {chr(b): b for b in printing}
    byte_of.update({chr(256 + i): b for i, b in enumerate(b for b in range(256) if b not in printing)})
    vocabulary = json.loads((folder / "encoder.json").read_text())
    special = {"<|endoftext|>": vocabulary.pop("<|endoftext|>")}
    ranks = {bytes(byte_of[c] for c in token): rank for token, rank in vocabulary.items()}
    return tiktoken.Encoding("gpt2", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens=special)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--mebibytes", type=float, default=8)
    args = parser.parse_args()

    encoding = gpt2(args.folder)
    one = args.file.read_bytes()
    size = int(args.mebibytes * 2**20)
    text = (one * (size // len(one) + 1))[:size].decode("utf-8", "ignore")
    count = len(text.encode())
    seconds, cpu = [], []
    for _ in range(args.repeat):
        start, start_cpu = time.perf_counter(), time.thread_time()
        ids = encoding.encode_ordinary(text)
        seconds.append(time.perf_counter() - start)
        cpu.append(time.thread_time() - start_cpu)
    digest = 0xCBF29CE484222325  # FNV-1a over ids, as `hyena bench tokenize` has it
    for token in ids:
        digest = (digest ^ token) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    print(json.dumps({"tiktoken": tiktoken.__version__, "bytes": count, "tokens": len(ids),
                      "ids_hash": f"{digest:016x}", "seconds": seconds, "cpu_seconds": cpu}))


main()
