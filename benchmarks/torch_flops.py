"""Operations of a training step as PyTorch counts them: its matrix products and convolutions."""

from rows import images_of, labels_of
from torch.utils.flop_counter import FlopCounterMode
from torch_peers import batches_of, trainer_of


def flops_of_step(row):
    """The mean of a cycle of steps, whatever penalties are taken in it."""
    trainer = trainer_of(row)
    images = images_of(row, steps=1)
    batches = batches_of(row, images, labels_of(row, len(images)))
    with FlopCounterMode(display=False) as counter:
        for _ in range(row.interval):
            trainer.step(*batches())
    return counter.get_total_flops() / row.interval
