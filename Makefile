# The doors of the house. What happens behind each is in tools/; `make` alone lists them.

RUN = sh tools/python
IN_VENV = .venv/bin/python
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup demo test check journeys screenshots bench chaos translations baseline lock clean

help: ## list what there is
	@echo "make TARGET, one of:"
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-15s %s\n", $$1, $$2 }'
	@echo "make demo respects PORT, FRESH=1, STEELYARD_HOME (data folder) and DATABASE_URL (your own PostgreSQL);"
	@echo "make setup respects PYTHON (the Python to use)."

setup: ## environment in .venv, locked packages, front-end packages, translations
	@$(RUN) tools/setup.py
	@echo "Set up. Next: make demo"

demo: ## a running marketplace on http://127.0.0.1:8000, with its own PostgreSQL
	@$(RUN) tools/setup.py --port "$${PORT:-8000}"
	@exec .venv/bin/steelyard demo $(if $(filter-out 0 no false,$(FRESH)),--fresh)

test: ## everything that CI runs, browser journeys included
	@$(RUN) tools/setup.py --dev
	@exec $(IN_VENV) tools/check.py --all

check: ## the fast checks: style, types, layers, rules, fast tests
	@$(RUN) tools/setup.py --dev
	@exec $(IN_VENV) tools/check.py

journeys: ## only the browser journeys, each in every language, width and theme
	@$(RUN) tools/setup.py --dev
	@$(IN_VENV) tools/browser.py
	@exec $(IN_VENV) -m pytest -n 2 --dist loadfile -m journey --every-variant --fail-on-flaky tests/journeys

screenshots: ## pictures of every page in every variant, and those of the documentation
	@$(RUN) tools/setup.py --dev
	@exec $(IN_VENV) tools/screenshots.py

bench: ## measurements beside their targets, of a demo made for it (SCALE) or of one that runs (PORT); PARTS=… chooses, LARGE=1 adds a million products
	@$(RUN) tools/setup.py --dev
	@$(IN_VENV) tools/browser.py
	@PYTHONPATH=src $(IN_VENV) -m bench --scale "$${SCALE:-1}" $(if $(LARGE),--large) $(PARTS)

chaos: ## KILLS=1000 faults under load, the truth looked for after each; goes on where it was stopped (SEED=1, BESIDE=2 houses at once); first LIVE_KILLS=40 during a live session
	@$(RUN) tools/setup.py --dev
	@$(IN_VENV) -m tests.chaos.live_campaign --kills "$${LIVE_KILLS:-40}" --seed "$${SEED:-1}"
	@exec $(IN_VENV) -m tests.chaos.campaign --kills "$${KILLS:-1000}" --seed "$${SEED:-1}" --beside "$${BESIDE:-1}"

translations: ## bring the .po files to the words in the source
	@$(RUN) tools/setup.py --dev
	@$(IN_VENV) tools/translations.py

baseline: ## write migrations/0001 anew from every module's schema.sql (until the first release)
	@$(RUN) tools/setup.py --dev
	@$(IN_VENV) tools/baseline.py

lock: ## lock requirements/*.in and package.json; UPGRADE=1 takes the newest versions
	@$(RUN) tools/setup.py --dev
	@$(IN_VENV) tools/lock.py $(if $(filter-out 0 no false,$(UPGRADE)),--upgrade)

clean: ## remove what set-up and checks made; data stays
	@rm -rf .venv node_modules build dist .ruff_cache .import_linter_cache .hypothesis src/*.egg-info
	@find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
	@find src -name '*.mo' -type f -exec rm -f {} +
