# `make demo` and `make test` each do all the set-up themselves; they need git, make and Python 3.11, 3.12 or 3.13.
#
#   PYTHON=python3.13   which Python makes the virtual environment (default: python3.11)
#   TORCH=cpu           torch and torchvision as CPU builds, 1 GB instead of 8. The usual index has the CUDA builds only:
#                       name one with CPU builds in your own configuration, such as UV_INDEX or UV_FIND_LINKS.

PYTHON ?= python3.11
TORCH ?= cuda
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test torture clients setup lint docs site bench bench-compare bench-others drac22 lock clean

demo: $(VENV)/runtime
	$(BIN)/python demo.py

test: $(VENV)/everything
	$(BIN)/python -m pytest

# Mutated files for every reader, see docs/trust.md; SECONDS of time in all.
SECONDS ?= 600
torture: $(VENV)/everything
	PYTHONPATH=. $(BIN)/python test/torture/readers.py --seconds $(SECONDS)

# The platform's own programs for test/clients/, which want Python 3.12; without this the tests are skipped.
CLIENTS := .venv-clients
PYTHON312 ?= python3.12
clients: $(CLIENTS)/ready
$(CLIENTS)/ready: requirements-clients.txt $(VENV)/uv
	$(PYTHON312) -c ''
	$(BIN)/uv venv --quiet --clear --no-python-downloads --python "$$($(PYTHON312) -c 'import sys; print(sys.executable)')" $(CLIENTS)
	$(BIN)/uv pip install --quiet --python $(CLIENTS)/bin/python --no-deps --require-hashes -r $<
	touch $@

setup: $(VENV)/everything

lint: $(VENV)/everything
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The documentation site in build/docs/site; its pages need no network, and the search a server: python -m http.server -d build/docs/site
docs: $(VENV)/everything
	$(BIN)/python -m docs.site.build

# The page that segments photographs in the browser alone, in build/site; npm fetches onnxruntime-web by its hash.
site: $(VENV)/everything
	$(BIN)/python -m web.build

# Speed and memory against other programs, ten minutes on two idle cores: writes bench/results/ and docs/performance.md.
bench: $(VENV)/everything $(VENV)/peers/ready
	PYTHONPATH=. $(BIN)/python bench/performance.py

# The ratios of the last two results of one machine, or of FILES="BEFORE.json AFTER.json"; fails where one is 10 % worse.
bench-compare: $(VENV)/everything
	$(BIN)/python bench/compare.py $(FILES)

# The other programs of bench/, one after the other.
OTHERS := $(filter-out $(addprefix bench/,checkouts.py gpu.py non_retinal.py picture_of_measures.py windows.py around.py cold.py measuring.py performance.py page.py compare.py),$(wildcard bench/*.py))
bench-others: $(VENV)/everything
	for file in $(OTHERS); do echo "== $$file"; PYTHONPATH=. $(BIN)/python $$file || exit 1; done

# What only the benchmarks import, in a folder beside the environment; what they share with it is not installed twice.
$(VENV)/peers/ready: requirements-peers.txt $(VENV)/everything
	$(BIN)/uv pip install --quiet --python $(BIN)/python --target $(VENV)/peers --no-deps --require-hashes -r $<
	touch $@

# DRAC22 with the official download in $RETSEG_DATA/DRAC22, see docs/drac22.md.
TEAM ?= team
DRAC22_TEST = $(RETSEG_DATA)/DRAC22/A. Segmentation/1. Original Images/b. Testing Set
drac22: $(VENV)/everything
	mkdir -p export
	$(BIN)/python -m train.select --runs runs/drac22 --resume
	$(BIN)/retseg submit --challenge drac22 --team "$(TEAM)" --images "$(DRAC22_TEST)" --output export/drac22-submission.zip
	$(BIN)/retseg pack --challenge drac22 --refuse-phantom --output export/drac22-model.tar.gz
	./build.sh drac22
	./test.sh drac22
	./export.sh drac22

# What runs a model: no torch, no training.
$(VENV)/runtime: requirements.txt $(VENV)/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r requirements.txt
	$(MAKE) --no-print-directory command
	touch $@

# Everything: training, evaluation, tests. The CPU builds have no hash in the lock, so they are installed by version.
$(VENV)/everything: requirements-dev.txt $(VENV)/uv
ifeq ($(TORCH),cpu)
	awk '/^[a-z]/ { kept = !/^(torch|torchvision|triton|cuda-.*|nvidia-.*)==/ } kept' $< >$(VENV)/without-torch.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $(VENV)/without-torch.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps $$(sed -nE 's/^(torch|torchvision)==([0-9.]+) .*/\1==\2+cpu/p' $<)
else
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $<
endif
	$(MAKE) --no-print-directory command
	touch $@ $(VENV)/runtime

.PHONY: command
command:
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .

$(VENV)/uv: requirements-setup.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-setup.txt
	touch $@

# Pin anew what pyproject.toml asks for. OpenVINO's telemetry is left out: every install is --no-deps.
# One file serves Python 3.11 to 3.13 (`--universal`, within `tool.uv.environments` of pyproject.toml).
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-package openvino-telemetry --quiet
lock: $(VENV)/uv
	$(COMPILE) --group setup -o requirements-setup.txt
	$(COMPILE) pyproject.toml --extra serve -o requirements.txt
	$(COMPILE) pyproject.toml --extra serve --extra gpu -o requirements-gpu.txt
	$(COMPILE) pyproject.toml --extra evaluate -o requirements-evaluate.txt
	$(COMPILE) pyproject.toml --extra serve --extra evaluate -o requirements-evaluate-serve.txt
	$(COMPILE) pyproject.toml --all-extras --group dev -o requirements-dev.txt
	$(subst --universal --python-version 3.11,--python-version 3.12,$(COMPILE)) --group clients -o requirements-clients.txt
	$(COMPILE) --no-deps --group peers -o requirements-peers.txt

clean:
	rm -rf $(VENV) $(CLIENTS) runs demo-output export
