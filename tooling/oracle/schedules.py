"""PyTorch's learning-rate schedules, sampled: data/*.json (see README.md)."""

import math
import warnings

import torch
from torch.optim import lr_scheduler as schedulers

from common import write_json

warnings.filterwarnings("ignore")


def optimizer_of(rates, kind="sgd"):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in rates]
    return torch.optim.Adam(groups, lr=1) if kind == "adam" else torch.optim.SGD(groups, lr=1, momentum=0.9)


def momentum_of(group):
    return group["betas"][0] if "betas" in group else group["momentum"]


def around(turns, last, few=36):
    """Steps that identify a schedule: all steps if it is short, else those around each turn, and some between."""
    if last <= few:
        return list(range(last + 1))
    steps = set()
    for first, second in zip(turns, turns[1:]):
        steps |= {first - 1, first, first + 1, second - 1, second, second + 1}
        steps |= {first + (second - first) * part // 3 for part in (1, 2)}
    return sorted(step for step in steps if 0 <= step <= last)


def sampled(scheduler, steps):
    """Rates and momenta at given steps of a scheduler that computes them from the step number alone."""
    (group,) = scheduler.optimizer.param_groups
    rates, momenta = [], []
    for step in steps:
        scheduler.last_epoch = step - 1
        try:
            scheduler.step()
            rates.append(group["lr"])
            momenta.append(momentum_of(group))
        except OverflowError:  # triangular2 past cycle 1024: 2.0 ** (cycle - 1)
            rates.append(None)
            momenta.append(None)
    return rates, momenta


SCALES = {
    "halfSine": lambda x: 0.5 * (1 + math.sin(x * math.pi / 2)),
    "invSqrt": lambda x: 1 / (x + 1) ** 0.5,
    "invPow5": lambda x: 1 / (5 ** (x * 0.0001)),
    "const0.5": lambda x: 0.5,
}
MODES = [("triangular", 1.0), ("triangular2", 1.0), ("exp_range", 0.999), ("exp_range", 0.99994), ("exp_range", 0.9)]


def cyclic(config):
    scale = SCALES.get(config.get("scaleFn"))
    return schedulers.CyclicLR(
        optimizer_of([0]),
        base_lr=config["baseLr"],
        max_lr=config["maxLr"],
        step_size_up=config["stepSizeUp"],
        step_size_down=config["stepSizeDown"],
        mode=config["mode"],
        gamma=config["gamma"],
        scale_fn=scale,
        scale_mode=config.get("scaleMode", "cycle"),
        cycle_momentum=config.get("cycleMomentum", True),
        base_momentum=config.get("baseMomentum", 0.8),
        max_momentum=config.get("maxMomentum", 0.9),
    )


def cyclic_configs():
    sizes = [(1, None), (4, None), (5, None), (50, None), (2000, None)]
    sizes += [(1, 2), (4, 6), (5, 3), (50, 20), (2000, 1000), (1, 9), (10, 1)]
    few = [(4, None), (5, 3), (50, 20)]
    pairs = [(0.01, 0.01), (1e-7, 1e-6), (1e-4, 3.0), (0.0, 0.1), (0.1, 0.02), (1 / 3, 2 / 3)]

    def config(mode, gamma, up, down, base=0.001, top=0.006, **more):
        fields = {"baseLr": base, "maxLr": top, "stepSizeUp": up, "stepSizeDown": down, "mode": mode, "gamma": gamma}
        return {**fields, **more}

    for mode in MODES:
        for size in sizes:
            yield config(*mode, *size)
        for pair in pairs:
            for size in few:
                yield config(*mode, *size, *pair)
        for low, high in [(0.85, 0.95), (0.9, 0.9), (0.0, 0.99)]:
            yield config(*mode, 5, 3, baseMomentum=low, maxMomentum=high)
    for scale in SCALES:
        for scale_mode in ("cycle", "iterations"):
            for size in [(1, None), (4, None), (5, 3), (50, 20), (10, 1)]:
                yield config("triangular", 1.0, *size, 0.01, 0.1, scaleFn=scale, scaleMode=scale_mode)
    yield config("triangular", 1.0, 4, None, cycleMomentum=False)


def write_cyclic():
    cases = []
    for config in cyclic_configs():
        up = config["stepSizeUp"]
        length = up + (config["stepSizeDown"] or up)
        turns = [turn for cycle in range(3) for turn in (cycle * length, cycle * length + up)] + [3 * length]
        last = max(3 * length, 20)
        steps = around(turns, last)
        rates, momenta = sampled(cyclic(config), steps)
        case = {"config": config, "t": steps, "lr": rates}
        if config.get("cycleMomentum", True):
            case["momentum"] = momenta
        cases.append(case)

    far = [0, 1, 1000, 1001, 100000, 100001, 1000000, 1000001, 1000007, 10000003, 123456789]
    large = []
    for up, down in [(3, None), (7, None), (5, 3), (1000, None)]:
        for mode, gamma in MODES[:3]:
            config = {"baseLr": 0.001, "maxLr": 0.006, "stepSizeUp": up, "stepSizeDown": down, "mode": mode}
            config |= {"gamma": gamma, "baseMomentum": 0.8, "maxMomentum": 0.9}
            rates, momenta = sampled(cyclic(config), far)
            large.append({"config": config, "t": far, "lr": rates, "momentum": momenta})

    groups = {"baseLr": [0.001, 0.01], "maxLr": [0.1, 0.2], "stepSizeUp": 4, "stepSizeDown": 2}
    groups |= {"baseMomentum": [0.8, 0.7], "maxMomentum": [0.9, 0.95]}
    scheduler = schedulers.CyclicLR(
        optimizer_of([0, 0]),
        groups["baseLr"],
        groups["maxLr"],
        4,
        2,
        mode="triangular2",
        base_momentum=groups["baseMomentum"],
        max_momentum=groups["maxMomentum"],
    )
    each = []
    for _ in range(24):
        each.append([[group["lr"], group["momentum"]] for group in scheduler.optimizer.param_groups])
        scheduler.step()

    config = {"baseLr": 0.001, "maxLr": 0.006, "stepSizeUp": 5, "stepSizeDown": 3, "mode": "exp_range", "gamma": 0.99}
    first = cyclic(config)
    before = []
    for _ in range(11):
        before.append(first.get_last_lr()[0])
        first.step()
    second = cyclic(config)
    second.load_state_dict(first.state_dict())
    after = []
    for _ in range(19):
        after.append(second.get_last_lr()[0])
        second.step()
    write_json(
        "cyclic_lr",
        torch=torch.__version__,
        cases=cases,
        largeT=large,
        multiGroup={"config": groups, "lrMomentumPerGroup": each},
        resume={"config": config, "before": before, "after": after},
    )


def one_cycle_configs():
    def config(total, pct=0.3, anneal="cos", three=False, **more):
        fields = {"totalSteps": total, "maxLr": 0.1, "pctStart": pct, "annealStrategy": anneal, "threePhase": three}
        fields |= {"divFactor": 25.0, "finalDivFactor": 1e4, "cycleMomentum": True}
        return fields | {"baseMomentum": 0.85, "maxMomentum": 0.95, "optimizer": "sgd"} | more

    ways = [(anneal, three) for anneal in ("cos", "linear") for three in (False, True)]
    for total in (10, 3, 20, 50, 77, 100, 1000):
        for way in ways:
            yield config(total, 0.3, *way)
    for total in (20, 77, 100):
        for pct in (0.0, 0.25, 0.45, 0.5, 0.9, 1.0):
            for anneal, three in ways:
                if not three or 0 < pct <= 0.5:
                    yield config(total, pct, anneal, three)
    for anneal, three in ways:
        yield config(60, 0.3, anneal, three, divFactor=10.0, finalDivFactor=100.0)
        yield config(60, 0.3, anneal, three, divFactor=1.0, finalDivFactor=1.0)
        yield config(60, 0.25, anneal, three, optimizer="adam")
        yield config(60, 0.25, anneal, three, baseMomentum=0.7, maxMomentum=0.99, maxLr=0.3)
    yield config(60, cycleMomentum=False)


def one_cycle(config):
    return schedulers.OneCycleLR(
        optimizer_of([0], config["optimizer"]),
        max_lr=config["maxLr"],
        total_steps=config["totalSteps"],
        pct_start=config["pctStart"],
        anneal_strategy=config["annealStrategy"],
        three_phase=config["threePhase"],
        div_factor=config["divFactor"],
        final_div_factor=config["finalDivFactor"],
        cycle_momentum=config["cycleMomentum"],
        base_momentum=config["baseMomentum"],
        max_momentum=config["maxMomentum"],
    )


def write_one_cycle():
    cases = []
    for config in one_cycle_configs():
        total, peak = config["totalSteps"], int(config["pctStart"] * config["totalSteps"])
        turns = sorted({0, peak - 1, min(2 * peak - 2, total - 1), total - 1})
        steps = around([turn for turn in turns if turn >= 0], total - 1)
        rates, momenta = sampled(one_cycle(config), steps)
        case = {"config": config, "t": steps, "lr": rates}
        if config["cycleMomentum"]:
            case["momentum"] = momenta
        cases.append(case)

    errors = []
    for total, pct in [(10, 0.1), (2, 0.5)]:
        for three in (False, True):
            config = {**cases[0]["config"], "totalSteps": total, "pctStart": pct, "threePhase": three}
            try:
                sampled(one_cycle(config), range(total))
            except ZeroDivisionError as error:
                errors.append({"config": config, "error": f"ZeroDivisionError: {error}"})
    write_json("one_cycle", torch=torch.__version__, cases=cases, errors=errors)


def write_cosine():
    cases = []
    for base in (0.1, 0.003):
        for first in (1, 4, 10, 50):
            for multiplier in (1, 2, 3):
                for low in (0, 0.001, 1e-5):
                    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
                    scheduler = schedulers.CosineAnnealingWarmRestarts(optimizer, first, multiplier, low)
                    starts = [0]
                    for cycle in range(3):
                        starts.append(starts[-1] + first * multiplier**cycle)
                    steps = around(starts, max(starts[-1], 7), few=24)
                    rates = []
                    for step in range(steps[-1] + 1):
                        if step in steps:
                            rates.append(optimizer.param_groups[0]["lr"])
                        scheduler.step()
                    config = {"baseLr": base, "T0": first, "TMult": multiplier, "etaMin": low}
                    cases.append({"config": config, "t": steps, "lr": rates})

    others = []
    for name, steps, make in [
        ("CosineAnnealingLR", 20, lambda o: schedulers.CosineAnnealingLR(o, 20, 0.001)),
        ("LinearLR", 20, lambda o: schedulers.LinearLR(o, 0.1, 1, 10)),
        ("ExponentialLR", 40, lambda o: schedulers.ExponentialLR(o, 0.95)),
        ("StepLR", 30, lambda o: schedulers.StepLR(o, 7, 0.5)),
    ]:
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        scheduler, rates = make(optimizer), []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            scheduler.step()
        others.append({"name": name, "lr": rates})
    write_json("cosine_restarts", torch=torch.__version__, cases=cases, otherSchedules=others)


def with_warmup(warmup, height):
    """A factor for LambdaLR: rises from 0 in `warmup` steps, then is `height` of the steps since the warm-up."""
    return lambda step: step / warmup if step < warmup else height(step - warmup)


def write_decays():
    """Decays from PyTorch's own schedulers; warm-ups, 1-sqrt decays and WSD from functions for its LambdaLR."""
    cases = []

    def add(config, steps, make):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=config["maxLr"])
        scheduler, rates = make(optimizer), []
        for _ in range(steps):
            rates.append(optimizer.param_groups[0]["lr"])
            scheduler.step()
        cases.append({"config": config, "t": list(range(steps)), "lr": rates})

    for top in (0.1, 3e-4):
        for steps in (1, 7, 40):
            config = {"type": "decay", "maxLr": top, "steps": steps, "warmup": 0}
            for power in (0.5, 1, 2, 3.3):
                polynomial = {**config, "shape": {"power": power}}
                add(polynomial, steps + 3, lambda o: schedulers.PolynomialLR(o, steps, power))
            for share in (0.1, 1):
                line = {**config, "shape": "linear", "finalLr": top * share}
                add(line, steps + 3, lambda o: schedulers.LinearLR(o, 1, share, steps))
            for low in (0, 1e-5):
                # PyTorch's cosine rises again one step after its end.
                wave = {**config, "shape": "cosine", "finalLr": low}
                add(wave, steps + 1, lambda o: schedulers.CosineAnnealingLR(o, steps, low))
        for warmup, down in ((1, 6), (5, 20), (20, 20)):
            config = {"type": "decay", "maxLr": top, "steps": warmup + down, "warmup": warmup}
            heights = {
                "linear": lambda t: max(0, 1 - t / down),
                "cosine": lambda t: 0.5 * (1 + math.cos(math.pi * min(1, t / down))),
                "sqrt": lambda t: 1 - math.sqrt(min(1, t / down)),
            }
            for shape, height in heights.items():
                factor = with_warmup(warmup, height)
                add({**config, "shape": shape}, warmup + down + 3, lambda o: schedulers.LambdaLR(o, factor))
        for stable, cooldown, cycles in ((10, 5, 1), (10, 5, 3), (0, 8, 2)):
            warmup, length = 4, 4 + stable + cooldown
            config = {"type": "wsd", "maxLr": top, "steps": length, "warmup": warmup, "cooldown": cooldown}
            for shape in ("linear", "sqrt"):

                def factor(step):
                    if step < warmup:
                        return step / warmup
                    done = (step % length - length + cooldown) / cooldown if step < length * cycles else 1
                    return 1 - (max(0, done) if shape == "linear" else math.sqrt(max(0, done)))

                whole = {**config, "shape": shape, "cycles": cycles}
                add(whole, length * cycles + 3, lambda o: schedulers.LambdaLR(o, factor))
    write_json("decays", torch=torch.__version__, cases=cases)


if __name__ == "__main__":
    write_cyclic()
    write_one_cycle()
    write_cosine()
    write_decays()
