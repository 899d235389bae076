"""Exported images in both layouts of `docker save`, and what must not be found in them."""

import gzip
import io
import json
import tarfile

import pytest

from retseg.container.check.archive import judge_archive, judge_files, judge_settings
from retseg.container.check.finding import find_failure

CONFIG = {
    "architecture": "amd64",
    "config": {"User": "retseg", "Labels": {}, "Entrypoint": ["python3"], "Env": ["PATH=/usr/bin"]},
    "history": [{"created_by": "/bin/sh -c apt-get update"}, {"created_by": "COPY dir:1 in /opt/app"}],
}
CLASSIC = ("abc.json", "1f2/layer.tar")
OCI = ("blobs/sha256/abc", "blobs/sha256/1f2")


def pack(files):
    """A tar archive as bytes, from name to bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


@pytest.fixture
def save(tmp_path):
    """Write an archive as `docker save` does."""

    def save(config=CONFIG, layer=("opt/app/process.py",), layout=CLASSIC, images=1):
        entry = {"Config": layout[0], "RepoTags": ["retseg:1"], "Layers": [layout[1]]}
        files = {
            layout[0]: json.dumps(config).encode(),
            layout[1]: pack(dict.fromkeys(layer, b"")),
            "manifest.json": json.dumps([entry] * images).encode(),
        }
        path = tmp_path / "image.tar"
        path.write_bytes(pack(files))
        return path

    return save


def complain(path):
    failure = find_failure(judge_archive(path))
    return failure.complaint if failure else ""


@pytest.mark.parametrize("layout", [CLASSIC, OCI], ids=["before Docker 25", "since Docker 25"])
def test_a_clean_image_passes_in_both_layouts(save, layout):
    assert {finding.verdict for finding in judge_archive(save(layout=layout))} == {"pass"}


def test_a_compressed_archive_is_read_as_well(save):
    path = save()
    path.with_suffix(".tar.gz").write_bytes(gzip.compress(path.read_bytes()))

    assert complain(path.with_suffix(".tar.gz")) == ""


def test_two_images_in_one_archive_are_refused(save):
    assert "the archive holds 2 images" in complain(save(images=2))


def test_an_exported_container_is_not_a_saved_image(tmp_path):
    (tmp_path / "image.tar").write_bytes(pack({"bin/sh": b""}))

    assert "no manifest.json" in complain(tmp_path / "image.tar")


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    (tmp_path / "image.tar").write_bytes(b"not a tar")

    assert "not a readable tar archive" in complain(tmp_path / "image.tar")


def test_a_manifest_that_names_a_missing_configuration_is_refused(tmp_path):
    (tmp_path / "image.tar").write_bytes(pack({"manifest.json": b'[{"Config": "gone.json", "Layers": []}]'}))

    assert "does not hold the configuration" in complain(tmp_path / "image.tar")


def test_root_and_another_architecture_are_refused_as_at_the_upload(save):
    assert "runs as root" in complain(save({**CONFIG, "config": {**CONFIG["config"], "User": "root"}}))
    assert "image is for arm64" in complain(save({**CONFIG, "architecture": "arm64"}))


@pytest.mark.parametrize(
    "entry",
    [
        "HTTPS_PROXY=http://proxy:3128",
        "no_proxy=localhost",
        "PIP_INDEX_URL=http://mirror",
        "PIP_CERT=/etc/ssl/ca.crt",
        "SSL_CERT_FILE=/etc/ssl/ca.crt",
        "REQUESTS_CA_BUNDLE=/etc/ssl/ca.crt",
        "UV_INDEX=http://mirror",
    ],
)
def test_a_setting_of_the_building_machine_in_the_environment_is_found(save, entry):
    config = {**CONFIG, "config": {**CONFIG["config"], "Env": ["PATH=/usr/bin", entry]}}

    assert f"are in the image: {entry.partition('=')[0]}" in complain(save(config))


@pytest.mark.parametrize(
    "step",
    [
        "|1 HTTP_PROXY=http://proxy:3128 /bin/sh -c apt-get update",
        "RUN PIP_TRUSTED_HOST=index pip install numpy",
        f"RUN pip install --{'-'.join(['extra', 'index', 'url'])} $INDEX numpy",
    ],
)
def test_a_setting_of_the_building_machine_in_the_history_is_found(step):
    assert judge_settings({"history": [{"created_by": step}]}).verdict == "fail"


def test_innocent_words_are_no_settings():
    step = "RUN |1 CHALLENGE=drive python3 -m venv --without-pip /opt/venv # a proxy, no_proxy and pip are fine here"

    assert judge_settings({"history": [{"created_by": step}], "config": {"Env": ["LANG=C"]}}).verdict == "pass"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("etc/pip.conf", "archive.machine"),
        ("root/.netrc", "archive.machine"),
        ("etc/ssl/registry-ca.crt", "archive.machine"),
        ("etc/apt/apt.conf.d/90proxy", "archive.machine"),
        ("root/.cache/pip/http/a", "archive.caches"),
        ("var/lib/apt/lists/debian_InRelease", "archive.caches"),
        ("usr/bin/gcc", "archive.tools"),
        ("opt/venv/bin/pip", "archive.tools"),
    ],
)
def test_files_that_do_not_belong_are_found_by_their_place(path, rule):
    found = [finding.rule for finding in judge_files(iter([path])) if finding.verdict != "pass"]

    assert found == [rule]


def test_a_certificate_bundle_inside_a_python_package_belongs_to_the_package():
    findings = judge_files(iter(["opt/venv/lib/python3.11/site-packages/certifi/cacert.pem"]))

    assert {finding.verdict for finding in findings} == {"pass"}
