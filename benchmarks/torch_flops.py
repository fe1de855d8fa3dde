"""Operations of a training step as PyTorch counts them: its matrix products and convolutions."""

from rows import images_of, labels_of
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from torch_peers import batches_of, trainer_of


class Counter(TorchDispatchMode):
    """As PyTorch's `FlopCounterMode`, which also follows modules and fails where their inputs, as in
    StyleGAN2's penalties, have lost their gradient functions."""

    total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        found = function(*args, **kwargs)
        count = flop_registry.get(function._overloadpacket)
        self.total += count(*args, **kwargs, out_val=found) if count else 0
        return found


def flops_of_step(row):
    """The mean of a cycle of steps, whatever penalties are taken in it."""
    trainer = trainer_of(row)
    images = images_of(row, steps=1)
    batches = batches_of(row, images, labels_of(row, len(images)))
    with Counter() as counter:
        for _ in range(row.interval):
            trainer.step(*batches())
    return counter.total / row.interval
