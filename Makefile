# The only entry point people type. `make` lists the targets.

PROFILE ?= demo
SET ?=
FRESH ?=
ARCHIVES ?= cityscapes_dataset
MODEL ?= ClusterNet
NPROC ?= 1

UV := $(if $(shell command -v uv),uv,.uv/bin/uv)
OWN_UV := $(filter .uv/%,$(UV))
PYTHON := .venv/bin/python
RUN := build/$(PROFILE)
DONE := $(RUN)/notebooks

# Nothing of the user's own may change a result: not modules, start-up files, styles or kernels.
export PYTHONPATH := $(CURDIR):$(CURDIR)/streets/src
export PYTHONNOUSERSITE := 1
export JUPYTER_PREFER_ENV_PATH := 1
# Threads that wait must sleep soon: where others work too, spinning ones make a run many times slower.
ifndef OMP_WAIT_POLICY
export OMP_WAIT_POLICY := passive
export GOMP_SPINCOUNT := 500
endif
unexport PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONSAFEPATH PYTHONINSPECT MPLBACKEND MATPLOTLIBRC JUPYTER_PATH

# A word for the shell, whatever is in it; and what a file depends on by content: a stamp is as old as the last change.
quote = '$(subst ','\'',$(1))'
stamp = build/stamps/$(1)$(shell mkdir -p build/stamps; new=$$(cksum $(2) 2>&1); \
	echo "$$new" | cmp -s - build/stamps/$(1) || echo "$$new" > build/stamps/$(1))

ODD := $(shell printf %s $(call quote,$(PROFILE)) | LC_ALL=C tr -cd '[:space:][:punct:]' | tr -d '._+-')
ifneq ($(words $(PROFILE))$(ODD)$(filter .%,$(PROFILE)),1)
$(error PROFILE is the name of a file in notebooks/profiles/ without .toml, not '$(PROFILE)')
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help env data figures train test test-all lint lab dashboard benchmark clean lock force

help:
	@echo "make figures              every figure of the thesis from synthetic streets, to figures/demo/"
	@echo "make figures PROFILE=...  smoke (minutes), demo (the default), cityscapes (the thesis; needs Cityscapes and a GPU)"
	@echo "make test                 the tests that matter on every change, one small run of make figures among them"
	@echo "make test-all             all tests: also killed trainings, several processes, the thesis's path, the browser"
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
	@echo "SET='training.epochs=1 model.n_clusters=20' changes values of the profile. What was trained with the same values and"
	@echo "data is used as it is, what was interrupted goes on; FRESH=1 trains anew."

# --- the environment: once, and again when the lock changes ------------------------------------------------------

env: .venv/ready

.venv/ready: requirements.lock pyproject.toml streets/pyproject.toml | $(OWN_UV)
	@echo "Setting up .venv (once; PyTorch with its CUDA libraries takes 5 GB)"
	$(UV) venv --quiet --allow-existing --python '>=3.11,<3.14' .venv
	VIRTUAL_ENV=.venv $(UV) pip sync --compile-bytecode --require-hashes --build-constraints requirements.lock requirements.lock
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --no-deps --no-build-isolation --editable . --editable ./streets
	@touch $@

.uv/bin/uv:
	@python3 -m venv .uv || { echo "python3 lacks venv: install python3-venv, or uv itself (docs.astral.sh/uv)"; exit 1; }
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

lock: | $(OWN_UV)
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url requirements.in -o requirements.lock

# --- the run: data, then the notebooks in order, then the figures ------------------------------------------------

DATA_CODE := $(wildcard thesis_lib/data/*.py)
PAINTER_CODE := $(wildcard streets/src/streets/*.py streets/src/streets/*/*.py)
LIBRARY_CODE := $(DATA_CODE) $(wildcard thesis_lib/clustering/*.py thesis_lib/models/*.py \
	thesis_lib/exploration/*.py thesis_lib/experiments/*.py)
VIEWS_CODE := $(wildcard thesis_lib/views/*.py thesis_lib/views/inspector/*.py thesis_lib/views/inspector/*/*.py)
NAMES := $(basename $(notdir $(wildcard notebooks/0[1-6]_*.ipynb)))

data: $(RUN)/dataset.json

figures: $(DONE)/06_figures.ipynb
	@echo "figures/$(PROFILE)/ is up to date"

# Other values of SET are another run. They are kept once they were found to be right: a slip of the pen loses nothing.
OTHER_VALUES := $(shell printf '%s\n' $(call quote,$(SET)) | cmp -s - $(RUN)/provided && [ -f $(RUN)/dataset.json ] || echo force)

$(RUN)/provided: $(call stamp,painter,$(DATA_CODE) $(PAINTER_CODE)) $(OTHER_VALUES) \
		$(call stamp,$(PROFILE).toml,notebooks/profiles/$(PROFILE).toml) | .venv/ready
	$(PYTHON) -m thesis_lib.experiments data $(call quote,$(PROFILE)) --set $(call quote,$(SET)) \
		--archives $(call quote,$(ARCHIVES)) --output $(RUN)/dataset.json
	@printf '%s\n' $(call quote,$(SET)) > $@

# Written by the recipe above where they change: repainting the same streets, or a comment in a profile, changes nothing.
# The plus makes --dry-run look at their times too, instead of taking them for new.
$(RUN)/dataset.json $(RUN)/values.json: $(RUN)/provided
	+@:

# a dry run cannot know that other values of SET come to the same: it takes them for another run
DRY := $(findstring n,$(firstword -$(MAKEFLAGS)))

$(DONE)/%.ipynb: $(RUN)/dataset.json $(RUN)/values.json $(if $(DRY),$(OTHER_VALUES)) | .venv/ready
	@$(PYTHON) notebooks/run.py $* -p profile $(call quote,$(PROFILE)) -p overrides $(call quote,$(SET))

# views are not here: changing a colour draws again and computes nothing again
$(foreach name,$(NAMES),$(eval $(DONE)/$(name).ipynb: $(call stamp,$(name),notebooks/$(name).ipynb)))
$(DONE)/01_data_exploration.ipynb: $(call stamp,data,$(DATA_CODE))
LIBRARY := $(call stamp,library,$(LIBRARY_CODE))
$(DONE)/02_spectral_clustering.ipynb: $(LIBRARY)
$(DONE)/03_training.ipynb: $(LIBRARY) $(if $(FRESH),fresh)
$(DONE)/04_evaluation.ipynb: $(DONE)/03_training.ipynb
$(DONE)/05_ablation.ipynb: $(DONE)/03_training.ipynb
$(DONE)/06_figures.ipynb: $(call stamp,views,$(VIEWS_CODE)) $(addprefix $(DONE)/, 01_data_exploration.ipynb \
	02_spectral_clustering.ipynb 03_training.ipynb 04_evaluation.ipynb 05_ablation.ipynb)

# for FRESH=1: new trainings begin where nothing lies; the earlier ones are kept aside
.PHONY: fresh
fresh: $(RUN)/dataset.json
	@aside=$(RUN)/earlier/$$(date +%Y-%m-%d-%H%M%S); for kept in $(RUN)/pretrained* $(RUN)/study; do \
		[ ! -e "$$kept" ] || { mkdir -p "$$aside"; mv "$$kept" "$$aside/"; echo "$$kept is now in $$aside"; }; done

# one network alone, on NPROC processes of this machine; on several machines, torchrun, see README
train: $(RUN)/dataset.json
	$(PYTHON) -m torch.distributed.run --standalone --nproc-per-node $(NPROC) -m thesis_lib.experiments train \
		$(call quote,$(PROFILE)) --model $(call quote,$(MODEL)) --set $(call quote,$(SET)) $(if $(FRESH),--no-resume)

# --- looking after it --------------------------------------------------------------------------------------------

# on every core; a file's tests share what they make, so they stay together
TEST := $(PYTHON) -m pytest --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

test: .venv/ready
	$(TEST) -m "not full and not browser"

test-all: .venv/ready
	$(TEST)

lint: .venv/ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

benchmark: .venv/ready
	VIRTUAL_ENV=.venv $(UV) pip install --quiet --editable '.[benchmark]'
	$(PYTHON) benchmarks/clustering.py
	$(PYTHON) benchmarks/training.py
	$(PYTHON) benchmarks/inspector.py
	$(PYTHON) benchmarks/tables.py

lab: .venv/ready
	$(PYTHON) -m jupyterlab notebooks

dashboard: .venv/ready
	PATH=$(call quote,$(CURDIR)/.venv/bin):"$$PATH" JUPYTER_PATH=$(call quote,$(CURDIR)/notebooks/dashboard) \
		IPYTHONDIR=$(call quote,$(CURDIR)/build/ipython) $(PYTHON) -m voila notebooks/07_inspector.ipynb \
		--Voila.ip=127.0.0.1 --token --template=local --VoilaExporter.exclude_markdown=True \
		--MappingKernelManager.cull_idle_timeout=300 --MappingKernelManager.cull_interval=30

clean:
	rm -rf $(RUN) figures/$(PROFILE)
