"""What PyTorch takes for what the traps compare with it: one line of JSON, by the trap's name, in the trap's unit."""

import json
import sys
import time

import torch

torch.set_num_threads(1)


def least(run, calls=1, runs=20):
    best = float("inf")
    for _ in range(runs):
        start = time.perf_counter()
        for _ in range(calls):
            run()
        best = min(best, (time.perf_counter() - start) / calls)
    return best


def top_k(*shape):
    x = torch.rand(shape)
    return least(lambda: torch.topk(x, 5)) * 1e3


def lstm_step():
    lstm = torch.nn.LSTM(16, 16, batch_first=True)
    x, state = torch.randn(1, 1, 16), (torch.zeros(1, 1, 16), torch.zeros(1, 1, 16))
    return least(lambda: lstm(x, state), 1000) * 1e6


def linear():
    layer, x = torch.nn.Linear(16, 16), torch.randn(1, 16)
    return least(lambda: layer(x), 1000) * 1e6


measures = {
    "top-k-50k": lambda: top_k(50_000),
    "top-k-32x50k": lambda: top_k(32, 50_000),
    "top-k-1m": lambda: top_k(1_000_000),
    "eager-lstm-step": lstm_step,
    "eager-linear": linear,
}
with torch.no_grad():
    json.dump({"value": measures[sys.argv[1].replace("-compiled", "")]()}, sys.stdout)
