"""The training loop: draw patches, take a step, average the weights; once a round validate, log and save."""

import copy
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from torch.utils.data import DataLoader
from tqdm import tqdm

from retseg.networks import build_network
from retseg.networks.network import Network
from retseg.networks.weights import read_weights
from train.config.fingerprint import fingerprint_weights, has_fingerprint
from train.config.recipe import Recipe
from train.config.stage import Stage
from train.data.images import TrainingImage
from train.data.patches import Patches
from train.fit.best import BestWeights
from train.fit.checkpoint import KEPT, State, load_checkpoint, save_checkpoint
from train.fit.duration import Speed, fit_steps, set_steps, shorten
from train.fit.initial import check_encoder, describe_initial_model, find_initial_model, load_initial_weights
from train.fit.logs import RunLog
from train.fit.losses import build_loss
from train.fit.losses.supervision import DeepSupervision
from train.fit.optimisation import MovingAverage, build_optimiser, find_learning_rate, set_learning_rate
from train.fit.run import OutOfTimeError, Run, TrainingError
from train.fit.steps import Steps
from train.fit.validation import validate

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, list[str]]

WARM_STEPS, TIMED_STEPS, TIMED_SECONDS = 5, 40, 10.0
"""Steps before the speed is measured, and the highest numbers of steps and seconds of the measurement."""
SAFETY = 0.95
"""The schedule is fitted to this share of the time; the rest is for checkpoints and for slower rounds."""


class Trainer:
    """The training of one network through the stages of a recipe, with everything that a checkpoint stores.

    Args:
        recipe: to train.
        run: folder, seed and workers.
        fabric: precision and device.
        weights: of an earlier start of this training; random ones, or those that the recipe names, when None.
    """

    def __init__(
        self, recipe: Recipe, run: Run, fabric: Fabric, weights: Mapping[str, torch.Tensor] | None = None
    ) -> None:
        self.recipe, self.run, self.fabric = recipe, run, fabric
        check_encoder(recipe)
        torch.manual_seed(run.seed)
        network = build_network(recipe.network.architecture, recipe.network.arguments)
        if recipe.encoder_file:
            network.load_encoder(read_weights(Path(recipe.encoder_file)))
        card = find_initial_model(recipe)
        self.initial_model = describe_initial_model(card)
        if card:
            load_initial_weights(network, card)
        if weights is not None:
            network.load_state_dict(weights)
        # torch's stubs of `to` lack memory_format for modules
        self.network: Network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.ema = MovingAverage(network, max(stage.ema_decay for stage in recipe.stage))
        self.stages, self.step = recipe.stage, 0
        self.optimiser_state: State | None = None
        self.best = BestWeights()
        self.path = run.directory / "checkpoint.pt"
        if run.resume and (kept := load_checkpoint(self.path, KEPT)):
            self._restore(kept)

    def _restore(self, kept: State) -> None:
        if not has_fingerprint(self.recipe, kept["recipe"]):
            raise TrainingError(f"{self.path} was made by another '{self.recipe.name}' recipe: train without --resume")
        if kept.get("initial_model", self.initial_model) != self.initial_model:
            raise TrainingError(
                f"{self.path} was initialised from {kept['initial_model']}, which is now {self.initial_model}: "
                "train without --resume"
            )
        self.network.load_state_dict(kept["network"])
        self.ema.load_state_dict(kept["ema"])
        self.stages = set_steps(self.recipe.stage, kept.get("steps", [stage.steps for stage in self.recipe.stage]))
        self.step = int(kept["step"])
        self.optimiser_state = kept["optimiser"]
        if "best" in kept:
            self.best.load_state_dict(kept["best"])

    def train(self, training: Sequence[TrainingImage], validation: Sequence[TrainingImage]) -> dict[str, torch.Tensor]:
        """Train all remaining stages.

        Returns:
            The network's weights, or their moving average if the last stage has one; of the best round instead of the
            last step if the recipe keeps these.

        Raises:
            TrainingError: the loss or a weight is not finite.
            OutOfTimeError: the time of `Run.stop` came first.
        """
        log = RunLog(self.run.directory, self.step)
        patches = Patches(training, self.recipe, self.run.seed)
        if self.run.deadline is not None and self.step == 0:
            speed = self._measure_speed(patches, validation)
            seconds = SAFETY * (self.run.deadline - time.monotonic())
            stages = fit_steps(self.stages, seconds, speed, self.recipe.round)
            self.stages = set_steps(stages, self.fabric.broadcast([stage.steps for stage in stages]))
        first = 0
        for number in range(len(self.stages)):
            if first <= self.step < first + self.stages[number].steps:
                self._train_stage(number, first, patches, (validation, log))
            first += self.stages[number].steps
        log.close()
        if self.recipe.keep == "best" and validation:
            best: dict[str, torch.Tensor] = self.fabric.broadcast(self.best.weights)
            if best:
                return best
        return self._keep_weights(self.stages[-1])

    def _measure_speed(self, patches: Patches, validation: Sequence[TrainingImage]) -> Speed:
        """Measure the time of some steps and of a validation; a copy of the network is trained for it."""
        state = torch.get_rng_state()
        trial, stage = copy.deepcopy(self.network), self.stages[0]
        optimiser = build_optimiser(trial.named_parameters(), stage)
        network, optimiser = self.fabric.setup(trial, optimiser)
        network.mark_forward_method("forward_all")
        loss_of = self._supervise(stage)
        batches = self._draw_batches(patches, stage, WARM_STEPS + TIMED_STEPS)
        for _ in range(WARM_STEPS):
            self._take_step(network, optimiser, stage, loss_of, batches)
        began, count = time.perf_counter(), 0
        while count < TIMED_STEPS and (count < 3 or time.perf_counter() - began < TIMED_SECONDS):
            self._take_step(network, optimiser, stage, loss_of, batches)
            count += 1
        step = (time.perf_counter() - began) / count
        began = time.perf_counter()
        if validation and self.fabric.is_global_zero:
            validate(self.recipe, trial.state_dict(), validation, self.fabric.device)
        torch.set_rng_state(state)
        return Speed(step, time.perf_counter() - began)

    def _fit_again(self, began: float, count: int) -> None:
        """Shorten the schedule if the steps since `began` were slower than measured, or if the time is over.

        The speed is checked in each fiftieth of the schedule.
        """
        assert self.run.deadline is not None
        left = self.run.deadline - time.monotonic()
        planned = sum(stage.steps for stage in self.stages)
        if left > 0 and (count < WARM_STEPS or self.step % max(1, planned // 50)):
            possible = planned
        else:
            possible = int(SAFETY * left * count / (time.perf_counter() - began)) if count else 0
        stages = shorten(self.stages, self.step, possible)
        self.stages = set_steps(stages, self.fabric.broadcast([stage.steps for stage in stages]))

    def _keep_weights(self, stage: Stage) -> dict[str, torch.Tensor]:
        """The weights that would be kept if the training ended in this stage."""
        return self.ema.weights if stage.ema_decay else self.network.state_dict()

    def _train_stage(
        self, number: int, first: int, patches: Patches, ends: tuple[Sequence[TrainingImage], RunLog]
    ) -> None:
        """Train one stage, whose first step is `first`, from the end of the last checkpoint or of the stage before."""
        stage = self.stages[number]
        optimiser = build_optimiser(self.network.named_parameters(), stage)
        if self.optimiser_state and self.step > first:
            optimiser.load_state_dict(self.optimiser_state)
        network, optimiser = self.fabric.setup(self.network, optimiser)
        network.mark_forward_method("forward_all")
        loss_of = self._supervise(stage)
        batches = self._draw_batches(patches, stage, first + stage.steps)
        planned = sum(each.steps for each in self.stages)
        bar = tqdm(initial=self.step, total=planned, desc=self.run.directory.name, unit="step", mininterval=5)
        total, seen, began = 0.0, 0, time.perf_counter()
        second, after_first = self.step + 1, began
        while self.step < first + stage.steps:
            learning_rate = find_learning_rate(self.step - first, stage)
            set_learning_rate(optimiser, learning_rate)
            loss, count = self._take_step(network, optimiser, stage, loss_of.at(self.step - first), batches)
            total, seen = total + loss, seen + count
            self.ema.update(self.network)
            self.step += 1
            bar.update()
            if self.step == second:  # the first step waits for the processes that draw patches
                after_first = time.perf_counter()
            if self.run.deadline is not None:
                self._fit_again(after_first, self.step - second)
                stage = self.stages[number]
            if self.step % self.recipe.round == 0 or self.step == first + stage.steps:
                elapsed = time.perf_counter() - began
                speed = seen / elapsed
                bar.set_postfix(images_per_second=f"{speed:.1f}")
                mean = total * self.fabric.world_size / seen * self.recipe.sampling.batch
                row = {"hours": elapsed / 3600, "learning_rate": learning_rate, "loss": mean}
                self._finish_round({**row, "images_per_second": speed}, optimiser, stage, ends)
                if self.step < planned:
                    self._check_time(time.perf_counter() - began)
                total, seen, began = 0.0, 0, time.perf_counter()
        bar.close()

    def _check_time(self, seconds: float) -> None:
        """Refuse to go on if another round, which takes these seconds, would end after `Run.stop`."""
        if self.run.stop is not None and time.monotonic() + seconds > self.run.stop:
            raise OutOfTimeError(f"the time is over after step {self.step}; {self.path} is kept, go on with --resume")

    def _supervise(self, stage: Stage) -> DeepSupervision:
        """The loss of a stage on all outputs of the network."""
        loss = build_loss(stage.loss.name, stage.loss.arguments)
        return DeepSupervision(loss, stage.outputs, self.network.output_tasks)

    def _take_step(
        self,
        network: Any,
        optimiser: Any,
        stage: Stage,
        loss_of: DeepSupervision,
        batches: Iterator[Batch],
    ) -> tuple[float, int]:
        """Take an optimiser step; the sum of the losses of its batches, and the patches of all processes."""
        total, seen = 0.0, 0
        for _ in range(stage.accumulate):
            images, truth, region, names = next(batches)
            with self.fabric.autocast():
                outputs = network.forward_all(images.contiguous(memory_format=torch.channels_last))
            loss = loss_of([output.float() for output in outputs], truth, region)
            self._check_loss(loss, names)
            self.fabric.backward(loss / stage.accumulate)
            total, seen = total + loss.item(), seen + len(names) * self.fabric.world_size
        if stage.clip:
            self.fabric.clip_gradients(network, optimiser, max_norm=stage.clip)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return total, seen

    def _draw_batches(self, patches: Patches, stage: Stage, end: int) -> Iterator[Batch]:
        """The batches of the remaining steps of a stage, for this process."""
        each = self.recipe.sampling.batch
        steps = Steps(self.step, end, each * stage.accumulate, self.fabric.global_rank, self.fabric.world_size)
        loader = DataLoader(
            patches,
            batch_size=each,
            sampler=steps,
            num_workers=self.run.workers,
            prefetch_factor=4 if self.run.workers else None,
            pin_memory=self.fabric.device.type == "cuda",
        )
        for images, truth, region, names in loader:
            to_device = self.fabric.to_device
            yield to_device(images), to_device(truth), to_device(region), names

    def _check_loss(self, loss: torch.Tensor, names: Sequence[str]) -> None:
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss is {loss.item()} at step {self.step} on {', '.join(names)}; "
                f"the last good checkpoint is {self.path}: lower the learning rate or look at these images"
            )

    def _finish_round(
        self,
        row: dict[str, float],
        optimiser: torch.optim.Optimizer,
        stage: Stage,
        ends: tuple[Sequence[TrainingImage], RunLog],
    ) -> None:
        """Validate the weights that would be kept now, log, and save a checkpoint.

        Raises:
            TrainingError: a weight is not finite. The checkpoint before is kept.
        """
        if not all(value.isfinite().all() for value in self.network.state_dict().values()):
            raise TrainingError(
                f"a weight is not finite after step {self.step - 1}, though no loss was: the last good checkpoint is "
                f"{self.path}: lower the learning rate or clip the gradient"
            )
        if not self.fabric.is_global_zero:
            return
        validation, log = ends
        if validation:
            row |= validate(self.recipe, self._keep_weights(stage), validation, self.fabric.device)
            if self.recipe.keep == "best":
                self.best.offer(row["validation_dice"], self._keep_weights(stage))
        log.write({"step": self.step, **row})
        state = {
            "recipe": fingerprint_weights(self.recipe),
            "initial_model": self.initial_model,
            "step": self.step,
            "steps": [each.steps for each in self.stages],
            "network": self.network.state_dict(),
            "ema": self.ema.state_dict(),
            "optimiser": optimiser.state_dict(),
            **({"best": self.best.state_dict()} if self.best.weights else {}),
        }
        save_checkpoint(state, self.path)
