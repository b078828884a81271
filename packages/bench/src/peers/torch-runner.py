"""PyTorch on one thread: answers the same questions as child/serve.ts, on the same work."""

import ctypes
import json
import math
import resource
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)
SEQUENCES = json.loads(sys.argv[1])
MINIMUM_CYCLE_SECONDS = 0.01


def weights(shape, index):
    count, fan_in = math.prod(shape), shape[-1]
    i = torch.arange(count, dtype=torch.float64)
    return (0.1 * torch.sin(1.7 * i + index) * 3 / math.sqrt(fan_in)).float().reshape(shape)


def wave(*shape, factor=0.9, offset=0.0):
    i = torch.arange(math.prod(shape), dtype=torch.float64)
    return torch.sin(factor * i + offset).float().reshape(shape)


def fill(module):
    with torch.no_grad():
        for index, parameter in enumerate(module.parameters()):
            parameter.copy_(weights(parameter.shape, index))
    return module


def trainer(module, optimizer, loss):
    def step():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        return value.item()

    return step, 1


class SequenceModel(nn.Module):
    def __init__(self, kind, input, hidden, classes, embedding):
        super().__init__()
        self.embedding = nn.Embedding(classes, input) if embedding else nn.Identity()
        self.recurrent = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[kind](input, hidden)
        self.head = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.head(self.recurrent(self.embedding(x))[0])


def sequence(kind, input, hidden, batch, time, classes, embedding):
    model = fill(SequenceModel(kind, input, hidden, classes, embedding))
    rows = time * batch
    y = torch.arange(rows) * 7 % classes
    x = (torch.arange(rows) * 5 % classes).reshape(time, batch) if embedding else wave(time, batch, input)
    parameters = model.parameters()
    optimizer = torch.optim.SGD(parameters, 0.1) if embedding else torch.optim.Adam(parameters, 1e-3)
    return trainer(model, optimizer, lambda: F.cross_entropy(model(x).reshape(-1, classes), y))


def stream():
    cell, x = fill(nn.LSTMCell(64, 256)), wave(1, 64)

    def step():
        with torch.inference_mode():
            h = c = torch.zeros(1, 256)
            for _ in range(1000):
                h, c = cell(x, (h, c))
            return h.sum().item()

    return step, 1000


def mlp():
    model = fill(nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10)))
    x, y = wave(64, 784), torch.arange(64) * 7 % 10
    return trainer(model, torch.optim.SGD(model.parameters(), 0.1), lambda: F.cross_entropy(model(x), y))


def long():
    model, x = fill(nn.RNN(64, 64)), wave(1000, 8, 64)

    def step():
        for parameter in model.parameters():
            parameter.grad = None
        loss = (model(x)[1] ** 2).mean()
        loss.backward()
        return loss.item()

    return step, 1


def product(size):
    a, b = wave(size, size), wave(size, size, factor=1.7, offset=1.0)
    return lambda: (a @ b)[1, 1].item(), 1


def small():
    a, b, c = [torch.sin(torch.arange(16, dtype=torch.float64) + k).float().requires_grad_() for k in range(3)]

    def step():
        a.grad = b.grad = c.grad = None
        y = torch.tanh(a * b + c).sum()
        y.backward()
        return y.item()

    return step, 1


OTHERS = {
    "lstm-stream": stream,
    "mlp-train": mlp,
    "long-bptt": long,
    "eager-small": small,
    "matmul-256": lambda: product(256),
    "matmul-512": lambda: product(512),
    "matmul-1024": lambda: product(1024),
}


def blas_kernels():
    """What OpenBLAS chose for this machine, or how PyTorch says that it was built."""
    try:
        with open("/proc/self/maps") as maps:
            loaded = sorted({line.split()[-1] for line in maps if "blas" in line})
        for path in loaded:
            name = getattr(ctypes.CDLL(path), "openblas_get_corename", None)
            if name is not None:
                name.restype = ctypes.c_char_p
                return f"OpenBLAS kernels for {name().decode()}"
    except OSError:
        pass
    built = [part for part in torch.__config__.show().split(", ") if "BLAS_INFO" in part]
    return built[0].split()[-1] if built else "unknown BLAS"


def warm_up(step, seconds):
    start, count = time.perf_counter(), 0
    while True:
        elapsed = time.perf_counter() - start
        if not (elapsed < seconds or (count < 5 and elapsed < 8)):
            return
        step()
        count += 1


def sample(step, units, seconds):
    """As Benchmark.js does: cycles of as many iterations as fill the shortest cycle, until the time is up."""
    count, samples, start = 1, [], time.perf_counter()
    while not samples or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        for _ in range(count):
            step()
        took = time.perf_counter() - before
        if took < MINIMUM_CYCLE_SECONDS and count < 1_000_000:
            count = max(count + 1, math.ceil(count * MINIMUM_CYCLE_SECONDS / max(took, 1e-7)))
            continue
        samples.append(took * 1e3 / count / units)
    return samples


def main():
    step, units = None, 1
    for line in sys.stdin:
        question = json.loads(line)
        try:
            if question["ask"] == "prepare":
                work = question["work"]
                step, units = sequence(**SEQUENCES[work]) if work in SEQUENCES else OTHERS[work]()
                start = time.perf_counter()
                check = step()
                first = (time.perf_counter() - start) * 1e3
                step()
                third = step()
                warm_up(step, question["warmUpSeconds"])
                version = f"PyTorch {torch.__version__}, 1 thread, {blas_kernels()}"
                reply = {"version": version, "check": check, "third": third, "firstCallMs": first}
            else:
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                reply = {"samplesMs": sample(step, units, question["seconds"]), "peakMb": peak}
        except Exception as error:  # the reason goes into the table
            reply = {"error": f"{type(error).__name__}: {error}"}
        print("@bench " + json.dumps(reply), flush=True)


main()
