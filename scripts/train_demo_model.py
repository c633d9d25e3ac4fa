"""Train the demo's model: a Qwen3 of under a million parameters.

    scripts/run.sh train_demo_model

writes `scripts/demo_model/`, which a stock vLLM loads. The result depends on
`--seed`, `--threads` and the release of torch alone. The prompts it learns from are
what vLLM renders: the tool schemas are dumped from the `openai` types vLLM parses
requests into, and everything goes through the model's own chat template.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from scripts.demo.server import MODEL_DIR
from scripts.demo_training.conversations import Conversations
from scripts.demo_training.encoding import (
    END_OF_TURN,
    IGNORED,
    VOCABULARY_SIZE,
    Encoder,
    batches,
    train_tokenizer,
    word_pieces,
)
from scripts.demo_training.muon import Muon


@dataclass(frozen=True)
class Stage:
    """A part of the training, with a learning rate that rises and falls of its own."""

    steps: int
    peak_rate: float
    noisy: bool


# Disturbed phrasings from the start keep a model this small from learning at all.
STAGES = (
    Stage(steps=2000, peak_rate=0.02, noisy=False),
    Stage(steps=900, peak_rate=0.008, noisy=True),
)


def new_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=VOCABULARY_SIZE,
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            head_dim=32,
            max_position_embeddings=4096,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=end,
            pad_token_id=tokenizer.pad_token_id,
            use_cache=False,
            initializer_range=0.05,
        )
    )


def forward(
    model: Qwen3ForCausalLM, inputs: torch.Tensor, labels: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the logits and the targets of the learned positions only."""
    # Padding is on the right and attention causal, so no mask is needed.
    hidden = model.model(input_ids=inputs).last_hidden_state[:, :-1]
    targets = labels[:, 1:]
    chosen = targets != IGNORED
    return model.lm_head(hidden[chosen]), targets[chosen]


def train(
    model: Qwen3ForCausalLM,
    source: Iterator[tuple[torch.Tensor, torch.Tensor]],
    steps: int,
    peak_rate: float,
) -> None:
    hidden = [p for p in model.model.layers.parameters() if p.ndim == 2]
    chosen = {id(parameter) for parameter in hidden}
    others = [p for p in model.parameters() if id(p) not in chosen]
    optimizers = (
        Muon(hidden, peak_rate),
        torch.optim.AdamW(others, lr=0.2 * peak_rate, weight_decay=0.0),
    )
    warmup = 50
    schedules = [
        torch.optim.lr_scheduler.LambdaLR(
            optimizer,
            lambda step: min((step + 1) / warmup, 1 - 0.98 * step / steps),
        )
        for optimizer in optimizers
    ]
    started, seen = time.monotonic(), 0
    recent: deque[float] = deque(maxlen=50)
    model.train()
    for step in range(1, steps + 1):
        inputs, labels = next(source)
        logits, targets = forward(model, inputs, labels)
        loss = torch.nn.functional.cross_entropy(logits, targets)
        model.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer, schedule in zip(optimizers, schedules, strict=True):
            optimizer.step()
            schedule.step()
        seen += inputs.numel()
        recent.append(loss.item())
        if step % 50 == 0 or step == steps:
            elapsed = time.monotonic() - started
            print(
                f"step {step}/{steps}  loss {sum(recent) / len(recent):.4f}  "
                f"{seen / elapsed:,.0f} tokens/s  {elapsed:.0f} s",
                flush=True,
            )


def save(model: Qwen3ForCausalLM, tokenizer: PreTrainedTokenizerFast) -> None:
    end = tokenizer.convert_tokens_to_ids(END_OF_TURN)
    model.bfloat16()
    model.config.use_cache = True
    # top_k 1 is greedy decoding, whatever temperature a client asks for.
    model.generation_config = GenerationConfig(
        do_sample=True, top_k=1, eos_token_id=end, pad_token_id=tokenizer.pad_token_id
    )
    model.save_pretrained(MODEL_DIR)
    tokenizer.save_pretrained(MODEL_DIR)
    # transformers 5 has a new name for the class, which 4 does not know.
    config = MODEL_DIR / "tokenizer_config.json"
    fields = json.loads(config.read_text("utf-8"))
    fields |= {"tokenizer_class": "PreTrainedTokenizerFast"}
    del fields["backend"]
    config.write_text(json.dumps(fields, indent=2) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    tokenizer = train_tokenizer(Random(args.seed))
    encoder = Encoder(tokenizer)
    model = new_model(tokenizer)
    print(f"{model.num_parameters():,} parameters", flush=True)
    pieces = word_pieces(tokenizer)
    for stage in STAGES:
        rng = Random(f"{args.seed} {stage.steps}")
        conversations = Conversations(rng, pieces, noisy=stage.noisy)
        source = batches(conversations, encoder, pool=400, tokens=3000)
        train(model, source, stage.steps, stage.peak_rate)
    save(model, tokenizer)


if __name__ == "__main__":
    main()
