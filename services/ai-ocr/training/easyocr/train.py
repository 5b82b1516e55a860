"""Trains a small recognition network for EasyOCR on lines of text that this program renders itself.

    make train-easyocr

EasyOCR's official weights are downloads; this network stands in for them where nothing can be downloaded, as in our
tests, and goes through the same loading code. It reads clean printed lines of Latin letters, digits and the signs of
bills; it is no match for the official weights. Source of the method: Shi, Bai, Yao, "An End-to-End Trainable Neural
Network for Image-based Sequence Recognition" (2015), with the CTC loss of Graves et al. (2006).
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
import reportlab
import torch
import yaml
from easyocr.model.vgg_model import Model
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from torch import nn

HERE = Path(__file__).resolve().parent
NETWORK = HERE / "network"
NAME = "small_latin"
SEED = 7
HEIGHT = 32
BATCH = 24
CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZäöüßéèàçñ€£$%&.,:;/-+*()#'\" "
SIZES = {"input_channel": 1, "output_channel": 64, "hidden_size": 64}
WORDS = """
    Invoice Receipt Total Subtotal Tax VAT Date Number Due Amount Customer Order Thank you Paid Cash Card Change
    Rechnung Summe Steuer Datum Betrag Kunde Menge Preis Facture Montant Quantité Fecha Importe Totale Straße
    Description Quantity Unit price Delivery Payment Account Balance Table Guest Item Discount Rounding
""".split()  # noqa: SIM905 - a list of quoted words is harder to read
FONTS = sorted((Path(reportlab.__file__).parent / "fonts").glob("Ver*.ttf"))


def text(chance: random.Random) -> str:
    """A piece of a bill: words, an amount, a date, a number, or letters without sense."""
    kind = chance.random()
    if kind < 0.35:
        return " ".join(chance.sample(WORDS, chance.randint(1, 3)))
    if kind < 0.6:
        amount = f"{chance.randint(0, 9999)}{chance.choice('.,')}{chance.randint(0, 99):02}"
        return chance.choice(["", "€ ", "$", "£", "-"]) + amount + chance.choice(["", "", " EUR", "%"])
    if kind < 0.75:
        mark = chance.choice("./-")
        return mark.join(
            [f"{chance.randint(1, 31):02}", f"{chance.randint(1, 12):02}", f"{chance.randint(1990, 2035)}"]
        )
    letters = "".join(chance.choice(CHARACTERS) for _ in range(chance.randint(3, 14)))
    return " ".join(letters.split()) or "0"


def picture(line: str, chance: random.Random) -> Image.Image:
    """The line as a printer and a scanner make it: some font, size, blur and noise."""
    font = ImageFont.truetype(str(chance.choice(FONTS)), chance.randint(18, 30))
    left, top, right, bottom = font.getbbox(line)
    margin = chance.randint(2, 5)
    image = Image.new("L", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin), 255)
    ImageDraw.Draw(image).text((margin - left, margin - top), line, fill=chance.randint(0, 70), font=font)
    if chance.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(chance.random()))
    noise = np.random.default_rng(chance.getrandbits(32)).normal(
        0, chance.random() * 12, (image.height, image.width)
    )
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def batch(chance: random.Random, size: int = BATCH) -> tuple[torch.Tensor, list[str]]:
    """Pictures [size, 1, HEIGHT, widest] in -1..1, padded as EasyOCR pads them, and their texts."""
    lines = [text(chance) for _ in range(size)]
    fitted = []
    for line in lines:
        image = picture(line, chance)
        width = max(8, round(image.width * HEIGHT / image.height))
        fitted.append(np.asarray(image.resize((width, HEIGHT), Image.Resampling.BICUBIC), dtype=np.float32))
    widest = max(image.shape[1] for image in fitted)
    padded = [np.pad(image, ((0, 0), (0, widest - image.shape[1])), mode="edge") for image in fitted]
    return torch.from_numpy(np.stack(padded)[:, None] / 127.5 - 1.0), lines


def encode(lines: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Class numbers of all lines in one row (0 is CTC's blank), and each line's length."""
    numbers = [CHARACTERS.index(character) + 1 for line in lines for character in line]
    return torch.tensor(numbers), torch.tensor([len(line) for line in lines])


def decode(classes: torch.Tensor) -> str:
    """The text of the best class at each step, repeats and blanks taken out."""
    best = classes.tolist()
    kept = [now for before, now in zip([0, *best], best, strict=False) if now and now != before]
    return "".join(CHARACTERS[number - 1] for number in kept)


def accuracy(model: nn.Module, chance: random.Random) -> float:
    """The share of new lines that are read without any error."""
    model.eval()
    right = count = 0
    with torch.no_grad():
        for _ in range(8):
            pictures, lines = batch(chance)
            read = [decode(row) for row in model(pictures, None).argmax(2)]
            right += sum(one == other for one, other in zip(read, lines, strict=True))
            count += len(lines)
    model.train()
    return right / count


def train(steps: int) -> tuple[nn.Module, float]:
    """The trained network, and the share of new lines that it reads without any error."""
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    model = Model(**SIZES, num_class=len(CHARACTERS) + 1)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.kaiming_normal_(parameter)
    loss_of = nn.CTCLoss(zero_infinity=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps)
    for step in range(steps):
        pictures, lines = batch(chance)
        logits = model(pictures, None).log_softmax(2).transpose(0, 1)
        targets, lengths = encode(lines)
        steps_of_each = torch.full((len(lines),), logits.shape[0])
        loss = loss_of(logits, targets, steps_of_each, lengths)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            print(
                f"step {step}: loss {loss.item():.3f}, whole lines right {accuracy(model, random.Random(1)):.3f}"
            )
    return model, accuracy(model, random.Random(2))


def main() -> None:
    """Train and write the network beside this program."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--steps", type=int, default=2500)
    asked = arguments.parse_args()
    torch.set_num_threads(1)
    model, right = train(asked.steps)
    # EasyOCR takes every key to begin with the wrapper's name that its own training leaves there.
    torch.save(
        {f"module.{name}": value for name, value in model.state_dict().items()}, NETWORK / f"{NAME}.pth"
    )
    settings = {
        "imgH": HEIGHT,
        "lang_list": ["en", "de", "fr", "es", "it", "nl", "pt"],
        "character_list": CHARACTERS,
        "network_params": SIZES,
    }
    (NETWORK / f"{NAME}.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True))
    print(json.dumps({"steps": asked.steps, "whole_lines_right": round(right, 3)}))


if __name__ == "__main__":
    main()
