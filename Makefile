# The only entry point people type. `make` lists the targets.

PROFILE ?= demo
SET ?=
RESUME ?=
ARCHIVES ?= cityscapes_dataset
MODEL ?= ClusterNet
NPROC ?= 1

UV := $(shell command -v uv || echo .uv/bin/uv)
PYTHON := .venv/bin/python
RUN := build/$(PROFILE)
DONE := $(RUN)/notebooks

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help env data figures train test lint lab dashboard benchmark clean lock force

help:
	@echo "make figures              every figure of the thesis from synthetic streets, to figures/demo/"
	@echo "make figures PROFILE=...  smoke (minutes), demo (the default), cityscapes (the thesis; needs Cityscapes and a GPU)"
	@echo "make test                 the tests"
	@echo "make lab                  JupyterLab on the notebooks"
	@echo "make dashboard            the inspector alone, in the browser"
	@echo "make data PROFILE=...     only the data set: paints the streets, or unpacks Cityscapes' zips (ARCHIVES=folder)"
	@echo "make env                  only the environment, .venv (figures, test and lab make it by themselves)"
	@echo "make train MODEL=... NPROC=8   one network alone (pretrained, PSPNet, ClusterNet), on 8 processes"
	@echo "make benchmark            clustering, loading, training steps, the inspector in a browser (half an hour)"
	@echo "make lint                 ruff, mypy, import-linter"
	@echo "make lock                 requirements.lock anew from requirements.in"
	@echo "make clean                remove results and figures of PROFILE; the data set and .venv stay"
	@echo
	@echo "SET='training.epochs=1 model.n_clusters=20' changes values of the profile; RESUME=1 goes on with a training."

# --- the environment: once, and again when the lock changes ------------------------------------------------------

env: .venv/ready

.venv/ready: requirements.lock pyproject.toml | $(UV)
	@echo "Setting up .venv (once; PyTorch with its CUDA libraries takes 5 GB)"
	$(UV) venv --quiet --allow-existing --python '>=3.11,<3.14' .venv
	VIRTUAL_ENV=.venv $(UV) pip sync --compile-bytecode --require-hashes --build-constraints requirements.lock requirements.lock
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.uv/bin/uv:
	@python3 -m venv .uv || { echo "python3 lacks venv: install python3-venv, or uv itself (docs.astral.sh/uv)"; exit 1; }
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

lock: | $(UV)
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements.in -o requirements.lock

# --- the run: data, then the notebooks in order, then the figures ------------------------------------------------

DATA_CODE := $(wildcard thesis_lib/data/*.py thesis_lib/data/scenes/*.py thesis_lib/data/scenes/*/*.py)
CLUSTERING_CODE := $(wildcard thesis_lib/clustering/*.py)
MODELS_CODE := $(wildcard thesis_lib/models/*.py)
EXPERIMENTS_CODE := $(wildcard thesis_lib/experiments/*.py)
VIEWS_CODE := $(wildcard thesis_lib/views/*.py thesis_lib/views/inspector/*.py)
LIBRARY_CODE := $(DATA_CODE) $(CLUSTERING_CODE) $(MODELS_CODE) $(EXPERIMENTS_CODE)

data: $(RUN)/dataset.json

figures: $(DONE)/06_figures.ipynb
	@echo "figures/$(PROFILE)/ is up to date"

# Other values of SET are another run. They are kept once they were found to be right: a slip of the pen loses nothing.
OTHER_VALUES := $(shell echo '$(SET)' | cmp -s - $(RUN)/overrides || echo force)

$(RUN)/dataset.json: $(DATA_CODE) notebooks/profiles/$(PROFILE).toml $(OTHER_VALUES) | .venv/ready
	$(PYTHON) -m thesis_lib.experiments data $(PROFILE) --set '$(SET)' --archives '$(ARCHIVES)' --output $@
	@echo '$(SET)' > $(RUN)/overrides

$(DONE)/%.ipynb: notebooks/%.ipynb notebooks/profiles/$(PROFILE).toml $(RUN)/dataset.json | .venv/ready
	@$(PYTHON) notebooks/run.py $* -p profile $(PROFILE) -p overrides '$(SET)' $(RESUMED)

$(DONE)/03_training.ipynb: RESUMED = $(if $(RESUME),-p resume true)

# views are not here: changing a colour draws again and computes nothing again
$(DONE)/01_data_exploration.ipynb: $(DATA_CODE)
$(DONE)/02_spectral_clustering.ipynb: $(LIBRARY_CODE)
$(DONE)/03_training.ipynb: $(LIBRARY_CODE)
$(DONE)/04_evaluation.ipynb: $(DONE)/03_training.ipynb
$(DONE)/05_ablation.ipynb: $(DONE)/03_training.ipynb
$(DONE)/06_figures.ipynb: $(VIEWS_CODE) $(addprefix $(DONE)/, 01_data_exploration.ipynb 02_spectral_clustering.ipynb \
	03_training.ipynb 04_evaluation.ipynb 05_ablation.ipynb)

# one network alone, on NPROC processes of this machine; on several machines, torchrun, see README
train: $(RUN)/dataset.json
	$(PYTHON) -m torch.distributed.run --standalone --nproc-per-node $(NPROC) -m thesis_lib.experiments train $(PROFILE) \
		--model $(MODEL) --set '$(SET)' $(if $(RESUME),--resume)

# --- looking after it --------------------------------------------------------------------------------------------

test: .venv/ready
	$(PYTHON) -m pytest

lint: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

benchmark: .venv/ready
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --editable '.[benchmark]'
	$(PYTHON) benchmarks/clustering.py
	$(PYTHON) benchmarks/training.py
	PYTHONPATH=. $(PYTHON) benchmarks/inspector.py

lab: .venv/ready
	.venv/bin/jupyter lab notebooks

dashboard: .venv/ready
	PATH="$(CURDIR)/.venv/bin:$$PATH" JUPYTER_PATH=$(CURDIR)/notebooks/dashboard .venv/bin/voila notebooks/07_inspector.ipynb \
		--Voila.ip=127.0.0.1 --token --template=local --VoilaExporter.exclude_markdown=True \
		--MappingKernelManager.cull_idle_timeout=300 --MappingKernelManager.cull_interval=30

clean:
	rm -rf $(RUN) figures/$(PROFILE)
