"""What torch-fidelity's measures say of the arrays in an .npz file, as JSON; see torch_oracle.py."""

import json
import pathlib
import runpy
import sys

import numpy as np


def main(path):
    script = pathlib.Path(__file__).with_name("torch_oracle.py")
    declared = runpy.run_path(str(script))["declare_operators"]()  # noqa: F841 - held until the end
    import torch
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    arrays = {name: torch.from_numpy(value) for name, value in np.load(path).items()}
    real, generated = arrays["real"], arrays["generated"]
    both = (metric_fid.fid_features_to_statistics(x) for x in (real, generated))
    size = min(len(real), len(generated))
    options = {"kid_subsets": 1, "kid_subset_size": size, "verbose": False, "save_cpu_ram": False}
    found = {
        **metric_fid.fid_statistics_to_metric(*both, verbose=False),
        **metric_kid.kid_features_to_metric(real[:size], generated[:size], **options),
        **metric_isc.isc_features_to_metric(arrays["logits"], splits=10, shuffle=False),
        **metric_prc.prc_features_to_metric(generated, real, prc_neighborhood=3, **options),
    }
    print(json.dumps({name: float(value) for name, value in found.items()}))


if __name__ == "__main__":
    main(sys.argv[1])
