"""Containers with one real fault each: `test.sh` and `retseg check --image` both fail, and say which fault it is."""

import sys

import pytest

pytestmark = [pytest.mark.docker, pytest.mark.timeout(900)]

FAULTS = {
    "values": "the valid voxel values for the output 'binary-vessel-segmentation' are 0, 1, but it has 0, 255",
    "float": "image segments could not be determined, only 8-bit integers count",
    "two_files": "only 1 image should be produced for the output 'binary-vessel-segmentation'",
    "missing": "the output 'binary-vessel-segmentation' was not produced",
    "size": "the size of the output 'binary-vessel-segmentation' is 564 x 584, but its input is 565 x 584",
    "geometry": "the spacing of the output 'binary-vessel-segmentation' is (1, 1), but that of its input is (0.0075, ",
    "root": "the container runs as root",
    "stray": "it wrote outside /output and /tmp: /var/tmp/cache.bin",
    "network": "it needs the network, and the platform has none",
    "child": "it left 1 process(es) running: sleep 600",
    "crash": "the server did not survive an earlier case",
}


@pytest.mark.parametrize(("fault", "sentence"), FAULTS.items(), ids=FAULTS)
def test_a_container_with_one_fault_is_refused_and_the_fault_is_named_last(run, case, build_faulty, fault, sentence):
    tag = build_faulty(fault)

    script = run("./test.sh", "drive", "--variant", "cpu", "--image", tag, "--case", case)
    command = run(sys.executable, "-m", "retseg", "check", "--image", tag, "--input", case / "input")

    for done in (script, command):
        assert done.returncode != 0, done.stdout
        assert sentence in done.stderr.strip().splitlines()[-1], done.stdout + done.stderr
