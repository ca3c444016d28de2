#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The encoder through cv::dnn, onnxruntime and LibTorch: times and differences, one table.

The runtimes take turns, a process and a block of runs at a time, so that what else the machine does falls on all of them
alike; each time is the median of a runtime's runs. A runtime that is not here is left out, with the reason.
"""

import argparse
import array
import functools
import os
import random
import statistics
import subprocess
import sys
import tempfile

SIDE, PICTURES = 112, 8
REFERENCE = "onnxruntime"


def draw_pictures(path):
    """Smooth colours in [-1,1], the same ones always: float32 [8,3,112,112]."""
    chance = random.Random(1)
    values = array.array("f")
    cell = SIDE // 8
    for _ in range(PICTURES * 3):
        grid = [[chance.uniform(-1, 1) for _ in range(9)] for _ in range(9)]
        for y in range(SIDE):
            i, v = y // cell, y % cell / cell
            for x in range(SIDE):
                j, u = x // cell, x % cell / cell
                above = grid[i][j] * (1 - u) + grid[i][j + 1] * u
                below = grid[i + 1][j] * (1 - u) + grid[i + 1][j + 1] * u
                values.append(above * (1 - v) + below * v)
    with open(path, "wb") as file:
        values.tofile(file)


class Runner:
    """A program that answers the questions of encoder_runner.hpp."""

    def __init__(self, command, environment):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **environment})

    def ask(self, question):
        try:
            self.process.stdin.write(question + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError("it ended without an answer to '%s'" % question)
        return line

    def numbers(self, question):
        return [float(word) for word in self.ask(question).split()]

    def layers(self, batch, runs):
        rows = []
        line = self.ask("layers %d %d" % (batch, runs))
        while line.strip():
            name, kind, ms = line.rstrip("\n").split("\t")
            rows.append((name, kind, float(ms)))
            line = self.process.stdout.readline()
        return rows

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()


@functools.lru_cache(maxsize=None)  # once is enough
def left_out(name, why):
    print("%s is left out: %s" % (name, why))


def commands(options, encoder, pictures, threads):
    """{name: (command, environment)} of the runtimes that are here; says which are not."""
    limits = {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}  # LibTorch's libraries' own threads
    result = {}
    for name, program, extra in (("cv::dnn", "opencv", ["0"]), ("LibTorch, planes", "torch", ["planes"]),
                                 ("LibTorch, channels last", "torch", ["channels_last"])):
        path = os.path.join(options.programs, "drgan-bench-encoder-" + program)
        if os.path.exists(path):
            result[name] = ([path, encoder, pictures, str(threads)] + extra, limits)
        else:
            left_out(name, path + " was not built")
    if options.onnxruntime:
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "encoder_onnxruntime.js")
        result[REFERENCE] = (["node", script, encoder, pictures, str(threads)],
                             {**limits, "NODE_PATH": os.path.abspath(options.onnxruntime)})
    return result


class Measured:
    """What the rounds found of one runtime with one encoder."""

    def __init__(self, name, command):
        self.name = name
        self.command, self.environment = command
        self.rounds = {1: [], PICTURES: []}  # batch: ms of the runs of each round
        self.values = []

    def measure(self, number, seconds):
        """One round, in a process of its own."""
        command = self.command[:-1] + [str(number)] if self.name.startswith("cv::dnn") else self.command
        runner = Runner(command, self.environment)
        try:
            self.values = runner.numbers("output %d" % PICTURES)
            for batch, rounds in self.rounds.items():
                rounds.append(runner.numbers("time %d %g" % (batch, seconds)))
        finally:
            runner.close()

    def median(self, batch):
        return statistics.median(ms for one in self.rounds[batch] for ms in one)

    def time(self, batch):
        of_rounds = [statistics.median(one) for one in self.rounds[batch]]
        return "%.2f (%.2f-%.2f)" % (self.median(batch), min(of_rounds), max(of_rounds))


def measure(options, pictures, threads):
    """The runtimes that are here and answer, with each of the encoders."""
    runtimes = []
    for number, encoder in enumerate(options.encoder):
        mark = "" if number == 0 else ", file %d" % (number + 1)
        for name, command in commands(options, encoder, pictures, threads).items():
            runtimes.append(Measured(name + mark, command))
    for number in range(options.rounds):
        for runtime in list(runtimes):
            try:
                runtime.measure(number, options.seconds)
            except (OSError, RuntimeError) as error:
                left_out(runtime.name, str(error))
                runtimes.remove(runtime)
    return runtimes


def print_table(threads, runtimes):
    print("\nencoder, %d thread%s: median ms (smallest and largest median of a round)" %
          (threads, "s" if threads > 1 else ""))
    print("%-32s %22s %24s %16s %22s %11s" % ("runtime", "batch 1", "batch 8", "images/s", "x " + REFERENCE,
                                             "difference"))
    named = {runtime.name: runtime for runtime in runtimes}
    reference = named.get(REFERENCE, runtimes[0])
    for runtime in runtimes:
        one, many = runtime.median(1), runtime.median(PICTURES)
        beside = "-"
        if REFERENCE in named:
            beside = "%.2f and %.2f" % (reference.median(1) / one, reference.median(PICTURES) / many)
        if len(runtime.values) != len(reference.values):
            raise RuntimeError("%s gives %d values, expected %d" % (runtime.name, len(runtime.values),
                                                                    len(reference.values)))
        difference = max(abs(a - b) for a, b in zip(runtime.values, reference.values))
        print("%-32s %22s %24s %16s %22s %11.1e" % (runtime.name, runtime.time(1), runtime.time(PICTURES),
                                                   "%.0f and %.0f" % (1000 / one, PICTURES * 1000 / many), beside,
                                                   difference))
    print("images/s and x: of batch 1 and of batch 8; difference: the largest of all values of 8 embeddings and "
          "confidences, against %s's" % reference.name)


def print_layers(command, threads):
    runner = Runner(*command)
    try:
        ones, manies = (runner.layers(batch, 50) for batch in (1, PICTURES))
    finally:
        runner.close()
    print("\ncv::dnn's layers, %d thread%s: median ms (what is fused into another takes none)" %
          (threads, "s" if threads > 1 else ""))
    print("%-36s %-14s %10s %10s" % ("layer", "kind", "batch 1", "batch 8"))
    for (name, kind, one), (_, _, many) in zip(ones, manies):
        if one > 0 or many > 0:
            print("%-36s %-14s %10.3f %10.3f" % (name, kind, one, many))
    print("%-51s %10.3f %10.3f" % (("sum",) + tuple(sum(row[2] for row in rows) for rows in (ones, manies))))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("encoder", nargs="+", help="encoder.onnx; more files: other forms of it, beside the first's times")
    parser.add_argument("--programs", required=True, help="folder of the drgan-bench-encoder programs")
    parser.add_argument("--onnxruntime", help="a node_modules folder with onnxruntime-node")
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 1])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=0.4, help="of a block of runs")
    parser.add_argument("--layers", action="store_true", help="also time each layer of cv::dnn's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures = os.path.join(folder, "pictures")
        draw_pictures(pictures)
        for threads in options.threads:
            runtimes = measure(options, pictures, threads)
            if not runtimes:
                sys.exit("error: no runtime is here")
            print_table(threads, runtimes)
            if options.layers and threads == min(options.threads) and runtimes[0].name == "cv::dnn":
                print_layers((runtimes[0].command, runtimes[0].environment), threads)
            sys.stdout.flush()


if __name__ == "__main__":
    main()
