"""The training steps and the sampling of every family in PyTorch: the peers of ``tfglyph.models``.

The same losses, the same number of updates of each network, and the means that users of PyTorch on a CPU know:
channels-last memory, autocast to bfloat16, fused Adam, gradients set to None, ``inference_mode`` for sampling.
"""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
import torch_networks
from torch import Tensor, nn
from torch.nn import functional

Images = np.ndarray
"""uint8 (n, h, w, c)."""


def prepare_pytorch(seed: int = 0) -> torch.device:
    """Settings of the process: the device, and what is known to make it fast."""
    torch.manual_seed(seed)
    torch.set_flush_denormal(True)  # as TensorFlow does
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_default_device(device)
    if device.type == "cuda":
        torch.set_float32_matmul_precision("high")  # TensorFloat-32, which is TensorFlow's default
        torch.backends.cudnn.benchmark = True
    return device


def build(architecture: Any, precision: str, compiled: bool = False) -> "Peer":
    """The peer of an architecture.

    Args:
        architecture: tfglyph.architecture.families.Architecture without conditioning inputs.
        precision: "float32" or "mixed_bfloat16".
        compiled: bool, networks through ``torch.compile``, save those that are differentiated twice.
    """
    families = {"VAE": VAE, "VAE-GAN": VAEGAN, "GAN": GAN, "DC-GAN": GAN, "InfoGAN": InfoGAN, "DDPM": Diffusion}
    return families[architecture.mode](architecture, precision, compiled)


class Peer:
    """What all families share.

    Args:
        architecture: tfglyph.architecture.families.Architecture.
        precision: "float32" or "mixed_bfloat16".
        compiled: bool, networks through ``torch.compile``.
    """

    def __init__(self, architecture: Any, precision: str, compiled: bool = False):
        self.architecture = architecture
        self.autocast = precision == "mixed_bfloat16"
        self.device = torch.get_default_device()
        self.networks: dict[str, Any] = {
            name: network.to(memory_format=torch.channels_last) for name, network in self.build_networks().items()
        }
        if compiled:
            penalized = any(getattr(architecture.objective, name, 0) for name in ("gradient_penalty", "r1"))
            for name, network in self.networks.items():
                if not (penalized and name == "discriminator"):  # torch.compile has no second derivatives
                    self.networks[name] = torch.compile(network)
        self.optimizers = {name: self._adam(name) for name in architecture.trained}
        self.averages: dict[str, Any] = {}
        if architecture.training.ema is not None:
            average = torch.optim.swa_utils.get_ema_multi_avg_fn(architecture.training.ema.decay)
            self.averages = {
                name: torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=average)
                for name, network in self.networks.items()
                if name != "discriminator"
            }

    def build_networks(self) -> dict[str, nn.Module]:
        raise NotImplementedError

    def update_networks(self, images: Tensor) -> float:
        """One training step on float images (n, c, h, w) in the pixel range; a loss."""
        raise NotImplementedError

    def generate(self, count: int) -> Tensor:
        """Float images (count, c, h, w) in the pixel range."""
        raise NotImplementedError

    # === What a benchmark calls ===

    def train_step(self, images: Images) -> float:
        """One training step."""
        low, high = self.architecture.pixel_range
        # (n, c, h, w) as seen, channels-last in memory: no copy is made.
        bytes_ = torch.from_numpy(images).to(self.device, non_blocking=True).permute(0, 3, 1, 2)
        pixels = bytes_.float() * ((high - low) / 255.0) + low
        for network in self.networks.values():
            network.train()
        loss = self.update_networks(pixels)
        for name, average in self.averages.items():
            average.update_parameters(self.networks[name])
        return loss

    def sample(self, count: int) -> Images:
        """New images, uint8."""
        low, high = self.architecture.pixel_range
        for network in self.networks.values():
            network.eval()
        with torch.inference_mode():
            images = (self.generate(count) - low) * (255.0 / (high - low))
            return images.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()

    # === For families ===

    def parameters_of(self, name: str) -> list[nn.Parameter]:
        """What the optimizer of a network moves."""
        return list(self.networks[name].parameters())

    def casting(self) -> Any:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.autocast)

    def _adam(self, name: str) -> torch.optim.Optimizer:
        section = self.architecture.optimizer(name)
        decay = getattr(getattr(self.architecture, name), "l2_reg", 0.0)
        parameters = self.parameters_of(name)
        groups = [
            {"params": [parameter for parameter in parameters if parameter.ndim > 1], "weight_decay": decay},
            {"params": [parameter for parameter in parameters if parameter.ndim <= 1]},
        ]
        return torch.optim.Adam(
            groups, section.learning_rate, (section.beta1, section.beta2), section.epsilon, fused=True
        )

    def apply(self, name: str, gradients: Iterable[Tensor | None]) -> None:
        """One update of a network."""
        parameters = self.parameters_of(name)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        clip = self.architecture.optimizer(name).clip_norm
        if clip is not None:
            nn.utils.clip_grad_norm_(parameters, clip)
        self.optimizers[name].step()
        self.optimizers[name].zero_grad(set_to_none=True)

    def gradients(self, name: str, loss: Tensor, keep: bool = False) -> Any:
        return torch.autograd.grad(loss, self.parameters_of(name), retain_graph=keep, allow_unused=True)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1.0).sum(1).mean()


def cross_entropy(logits: Tensor, label: float) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


class Autoencoder(Peer):
    """Encoder and generator."""

    def build_networks(self) -> dict[str, nn.Module]:
        architecture = self.architecture
        return {
            "encoder": torch_networks.Encoder(architecture.encoder, architecture.hwc, architecture.z_dim),
            "generator": torch_networks.build_generator(architecture),
        }

    def posterior(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """z and the KL term."""
        mean, log_variance = self.networks["encoder"](images)
        return mean + (0.5 * log_variance).exp() * torch.randn_like(mean), kl_divergence(mean, log_variance)

    def generate(self, count: int) -> Tensor:
        generator = self.networks["generator"]
        with self.casting():
            logits = generator(torch.randn(count, self.architecture.z_dim))
        return generator.activation(logits)


class VAE(Autoencoder):
    """The evidence lower bound."""

    def update_networks(self, images: Tensor) -> float:
        generator = self.networks["generator"]
        with self.casting():
            z, kl = self.posterior(images)
            logits = generator(z)
        if self.architecture.objective.likelihood == "bernoulli":
            terms = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum")
        else:
            terms = 0.5 * (images - generator.activation(logits)).square().sum()
        loss = terms / len(images) + self.architecture.objective.kl_weight * kl
        loss.backward()
        for optimizer in self.optimizers.values():
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return loss.item()


class VAEGAN(Autoencoder):
    """One update of the encoder, several of the generator, one of the discriminator, on one batch."""

    def build_networks(self) -> dict[str, nn.Module]:
        discriminator = torch_networks.Discriminator(self.architecture.discriminator, self.architecture.hwc)
        return super().build_networks() | {"discriminator": discriminator}

    def update_networks(self, images: Tensor) -> float:
        objective, discriminator = self.architecture.objective, self.networks["discriminator"]
        with self.casting():
            z, kl = self.posterior(images)
            real, real_features = discriminator(images)
            generated = self._generated(z, real_features)
        reconstruction, sample, similarity = generated
        encoder_loss = objective.kl_weight * kl + similarity
        discriminator_loss = cross_entropy(real, 1.0) + 0.5 * (
            cross_entropy(reconstruction, 0.0) + cross_entropy(sample, 0.0)
        )
        first = self._generator_loss(*generated)
        gradients = {
            "encoder": self.gradients("encoder", encoder_loss, keep=True),
            "generator": self.gradients("generator", first, keep=True),
            "discriminator": self.gradients("discriminator", discriminator_loss),
        }
        self.apply("encoder", gradients["encoder"])
        self.apply("generator", gradients["generator"])
        z, real_features = z.detach(), real_features.detach()
        for _ in range(1, objective.generator_updates):
            with self.casting():
                generated = self._generated(z, real_features)
            self.apply("generator", self.gradients("generator", self._generator_loss(*generated)))
        self.apply("discriminator", gradients["discriminator"])
        return discriminator_loss.item()

    def _generated(self, z: Tensor, real_features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        generator = self.networks["generator"]
        discriminator = self.networks["discriminator"]
        reconstruction, features = discriminator(generator.activation(generator(z)))
        sample, _ = discriminator(generator.activation(generator(torch.randn_like(z))))
        difference = real_features.detach().float() - features.float()
        return reconstruction, sample, 0.5 * difference.square().sum(1).mean()

    def _generator_loss(self, reconstruction: Tensor, sample: Tensor, similarity: Tensor) -> Tensor:
        adversarial = 0.5 * (cross_entropy(reconstruction, 1.0) + cross_entropy(sample, 1.0))
        return adversarial + self.architecture.objective.reconst_v_gan * similarity


class GAN(Peer):
    """Critic updates, with penalties, and generator updates."""

    def build_networks(self) -> dict[str, nn.Module]:
        return {
            "generator": torch_networks.build_generator(self.architecture),
            "discriminator": torch_networks.Discriminator(self.architecture.discriminator, self.architecture.hwc),
        }

    def latents(self, count: int) -> Tensor:
        codes = self.architecture.codes
        uniform = self.architecture.objective.prior == "uniform"
        z = (
            torch.rand(count, self.architecture.z_dim) * 2 - 1
            if uniform
            else torch.randn(count, self.architecture.z_dim)
        )
        parts = [z]
        for categories in codes.categorical:
            chosen = functional.one_hot(torch.randint(categories, (count,)), categories).float()
            parts.append(chosen.repeat(1, codes.repeat))
        if codes.continuous:
            parts.append(torch.rand(count, codes.continuous) * 2 - 1)
        return torch.cat(parts, 1)

    def images_of(self, latents: Tensor) -> Tensor:
        generator = self.networks["generator"]
        return generator.activation(generator(latents))

    def generate(self, count: int) -> Tensor:
        with self.casting():
            return self.images_of(self.latents(count))

    def update_networks(self, images: Tensor) -> float:
        objective, discriminator = self.architecture.objective, self.networks["discriminator"]
        loss = torch.zeros([])
        for real_images in images.chunk(objective.critic_steps):
            with self.casting():
                with torch.no_grad():
                    generated_images = self.images_of(self.latents(len(real_images)))
                real_images.requires_grad_(objective.r1 > 0)
                real, _ = discriminator(real_images)
                generated, _ = discriminator(generated_images)
                loss = self._critic_loss(real, generated)
                if objective.r1:
                    loss = loss + 0.5 * objective.r1 * self._norms(real, real_images).square().mean()
                if objective.gradient_penalty:
                    fraction = torch.rand(len(real_images), 1, 1, 1)
                    mixtures = torch.lerp(generated_images, real_images.detach(), fraction).requires_grad_()
                    norms = self._norms(discriminator(mixtures)[0], mixtures)
                    loss = loss + objective.gradient_penalty * (norms - 1.0).square().mean()
            self.apply("discriminator", self.gradients("discriminator", loss))
        count = len(images) // objective.critic_steps
        for _ in range(objective.generator_steps):
            with self.casting():
                latents = self.latents(count)
                scores, features = discriminator(self.images_of(latents))
                generator_loss = self._generator_loss(scores) + self.further_terms(latents, features)
            self.apply("generator", self.gradients("generator", generator_loss))
        return loss.item()

    @staticmethod
    def _norms(scores: Tensor, images: Tensor) -> Tensor:
        (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
        return gradient.flatten(1).float().norm(dim=1)

    def _critic_loss(self, real: Tensor, generated: Tensor) -> Tensor:
        kind = self.architecture.objective.loss
        if kind == "bce":
            return cross_entropy(real, 1.0) + cross_entropy(generated, 0.0)
        if kind == "hinge":
            return (1.0 - real).relu().mean() + (1.0 + generated).relu().mean()
        if kind == "wasserstein":
            return generated.mean() - real.mean()
        return 0.5 * ((real - 1.0).square().mean() + generated.square().mean())

    def _generator_loss(self, generated: Tensor) -> Tensor:
        kind = self.architecture.objective.loss
        if kind == "bce":
            return cross_entropy(generated, 1.0)
        return 0.5 * (generated - 1.0).square().mean() if kind == "least-squares" else -generated.mean()

    def further_terms(self, latents: Tensor, features: Tensor) -> Any:
        return 0.0


class InfoGAN(GAN):
    """A GAN with a Q head on the discriminator's features."""

    def build_networks(self) -> dict[str, nn.Module]:
        networks = super().build_networks()
        discriminator = networks["discriminator"]
        blank = torch.zeros(2, self.architecture.hwc[2], *self.architecture.hwc[:2])
        features = discriminator(blank)[1].shape[1]
        codes = self.architecture.codes
        outputs = sum(codes.categorical) + 2 * codes.continuous
        return networks | {"q_head": torch_networks.Q(self.architecture.q_head, features, outputs)}

    def parameters_of(self, name: str) -> list[nn.Parameter]:
        parameters = super().parameters_of(name)
        return parameters + list(self.networks["q_head"].parameters()) if name == "generator" else parameters

    def further_terms(self, latents: Tensor, features: Tensor) -> Any:
        codes, objective = self.architecture.codes, self.architecture.objective
        guess, start, loss = self.networks["q_head"](features), 0, torch.zeros([])
        place = self.architecture.z_dim
        for categories in codes.categorical:
            chosen = latents[:, place : place + categories].argmax(1)
            logits = guess[:, start : start + categories]
            loss = loss + objective.categorical_weight * functional.cross_entropy(logits, chosen)
            start, place = start + categories, place + categories * codes.repeat
        if codes.continuous:
            means, log_variances = guess[:, start:].chunk(2, 1)
            errors = log_variances + (latents[:, place:] - means).square() * (-log_variances).exp()
            loss = loss + objective.continuous_weight * 0.5 * errors.mean(0).sum()
        return loss


def alpha_squared(schedule: str, steps: int) -> np.ndarray:
    """float64 (steps + 1,): the variance of the image that is left after each step; see ``tfglyph.diffusion.paths``."""
    if schedule == "linear":
        betas = np.linspace(1e-4, 0.02, steps)
    else:
        cosines = np.cos((np.arange(steps + 1) / steps + 0.008) / 1.008 * np.pi / 2) ** 2
        betas = np.minimum(1 - cosines[1:] / cosines[:-1], 0.999)
    return np.concatenate([[1.0], np.cumprod(1.0 - betas)])


class Diffusion(Peer):
    """A denoiser (and, for autoguidance, a worse one); DDIM with the file's number of steps."""

    def __init__(self, architecture: Any, precision: str, compiled: bool = False):
        super().__init__(architecture, precision, compiled)
        objective = architecture.objective
        self.table: Tensor | None = None
        if objective.path != "straight":
            self.table = torch.tensor(alpha_squared(objective.path, objective.noise_steps or 1000))  # (steps + 1,)

    def build_networks(self) -> dict[str, nn.Module]:
        sections = {"denoiser": self.architecture.denoiser, "guide": self.architecture.guide}
        return {
            name: torch_networks.DENOISERS[section.type](section, self.architecture.hwc)
            for name, section in sections.items()
            if section is not None
        }

    def parameters_of(self, name: str) -> list[nn.Parameter]:
        return [parameter for network in self.networks.values() for parameter in network.parameters()]

    def alpha_sigma(self, times: Tensor) -> tuple[Tensor, Tensor]:
        if self.table is None:
            return 1.0 - times, times
        squared = self.table[(times * (len(self.table) - 1)).round().long()]
        return squared.sqrt().float(), (1.0 - squared).sqrt().float()

    def _target(self, x_0: Tensor, noise: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        kind = self.architecture.objective.target
        if kind == "noise":
            return noise
        if kind == "x0":
            return x_0
        return alpha * noise - sigma * x_0 if kind == "v" else noise - x_0

    def update_networks(self, images: Tensor) -> float:
        objective, parameters = self.architecture.objective, self.parameters_of("denoiser")
        total = 0.0
        for x_0 in images.chunk(objective.microbatches):
            noise, times = torch.randn_like(x_0), torch.rand(len(x_0))
            if self.table is not None:
                steps = len(self.table) - 1
                times = (times * steps).floor().add(1) / steps
            alpha, sigma = (value[:, None, None, None] for value in self.alpha_sigma(times))
            target = self._target(x_0, noise, alpha, sigma)
            with self.casting():
                predictions = [network(alpha * x_0 + sigma * noise, times) for network in self.networks.values()]
            errors = [functional.mse_loss(prediction, target) for prediction in predictions]
            loss = torch.stack(errors).sum() / objective.microbatches
            loss.backward()
            total += loss.item()
        clip = self.architecture.optimizer("denoiser").clip_norm
        if clip is not None:
            nn.utils.clip_grad_norm_(parameters, clip)
        self.optimizers["denoiser"].step()
        self.optimizers["denoiser"].zero_grad(set_to_none=True)
        return total

    def generate(self, count: int) -> Tensor:
        height, width, channels = self.architecture.hwc
        x = torch.randn(count, channels, height, width).to(memory_format=torch.channels_last)
        denoiser = self.averages.get("denoiser", self.networks["denoiser"])
        steps, target = self.architecture.objective.sampling_steps, self.architecture.objective.target
        times = torch.arange(steps, -1, -1) / steps
        for t, following in itertools.pairwise(times):
            alpha, sigma = self.alpha_sigma(t)
            with self.casting():
                prediction = denoiser(x, t.expand(count))
            if target == "noise":
                x_0 = (x - sigma * prediction) / alpha.clamp(min=1e-8)
            elif target == "x0":
                x_0 = prediction
            elif target == "v":
                x_0 = alpha * x - sigma * prediction
            else:
                x_0 = x - sigma * prediction
            x_0 = x_0.clamp(-1.0, 1.0)
            noise = (x - alpha * x_0) / sigma
            alpha, sigma = self.alpha_sigma(following)
            x = alpha * x_0 + sigma * noise
        return x
