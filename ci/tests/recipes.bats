#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0
# ci/recipes: made from the cells, up to date, and what the CI servers' schemas take.

bats_require_minimum_version 1.5.0
load helper
load node

setup_file() {
	NODE_TOOLS=$(node_tools)
	export NODE_TOOLS
}

setup() {
	T=$BATS_TEST_TMPDIR
	jq -n '{format: 1, track: "v5.10", cells: [
		{step: 0, machine: "s390x", kernel: "s390x", arch: "s390x", patch: ""},
		{step: 0, machine: "a-b", kernel: "arm64+debug", arch: "arm64", patch: ""},
		{step: 3, machine: "s390x", kernel: "s390x", arch: "s390x", patch: "0003-x.patch"}]}' >"$T/list"
}

# make_recipes ARGS...: ci/recipes/make on the list of this test, into $T/made.
make_recipes() { "$CI/recipes/make" --list "$T/list" --folder "$T/made" "$@"; }

# github_takes FILE: the schema of GitHub's workflows on FILE.
github_takes() { "$NODE_TOOLS/node_modules/.bin/action-validator" "$1"; }

# gitlab_takes FILE: the schema of GitLab's pipelines on FILE.
gitlab_takes() {
	role init -q "$T/repository" # it looks around in one
	cp "$1" "$T/repository/.gitlab-ci.yml"
	(cd "$T/repository" && "$NODE_TOOLS/node_modules/.bin/gitlab-ci-local" --list)
}

@test "the recipes are what would be made now" {
	run "$CI/recipes/make" --check
	[ "$status" -eq 0 ]
}

@test "a job for every machine, once, in the order of the cells" {
	make_recipes
	[ "$(grep -c '{machine: ' "$T/made/github-actions.yml")" = 2 ]
	grep -A1 -F -- '- {machine: s390x, kernel: s390x}' "$T/made/github-actions.yml" |
		grep -F -- '- {machine: a-b, kernel: arm64+debug}'
	grep -A1 -F -- '- {MACHINE: s390x, KERNEL: s390x}' "$T/made/gitlab-ci.yml" |
		grep -F -- '- {MACHINE: a-b, KERNEL: arm64+debug}'
	run ! grep -l '@[A-Z]*@' "$T"/made/*
	make_recipes --check
}

@test "what a base is cached under changes with the base that the track is on, also where it is another's" {
	make_recipes
	grep -qF "hashFiles('configs/base/v5.10/**')" "$T/made/github-actions.yml"
	grep -qF -- '- configs/base/v5.10/pin' "$T/made/gitlab-ci.yml"
	cp -r "$ROOT/configs" "$T/configs"
	mv "$T/configs/base/v5.10" "$T/configs/base/v5.10.262"
	ln -s v5.10.262 "$T/configs/base/v5.10"
	FAULTLINE_CONFIGS=$T/configs make_recipes
	grep -qF "hashFiles('configs/base/v5.10.262/**')" "$T/made/github-actions.yml"
	grep -qF -- '- configs/base/v5.10.262/pin' "$T/made/gitlab-ci.yml"
}

@test "a machine that was added makes the recipes out of date" {
	make_recipes
	jq '.cells += [{step: 0, machine: "new", kernel: "new"}]' "$T/list" >"$T/x"
	mv "$T/x" "$T/list"
	expect_failure 1 "+      - {MACHINE: new, KERNEL: new}" make_recipes --check
	[[ $output == *"a recipe is not what its template and the machines make"* ]]
}

@test "a list of another format or track, or of nothing, makes nothing" {
	jq '.format = 2' "$T/list" >"$T/x"
	expect_failure 125 "these are not the cells of v5.10" "$CI/recipes/make" --list "$T/x" --folder "$T/made"
	expect_failure 125 "these are not the cells of mainline" make_recipes --track mainline
	jq '.cells = []' "$T/list" >"$T/x"
	expect_failure 125 "the list of cells cannot be used" "$CI/recipes/make" --list "$T/x" --folder "$T/made"
	: >"$T/x"
	expect_failure 125 "there is no cell in $T/x" "$CI/recipes/make" --list "$T/x" --folder "$T/made"
	[ ! -e "$T/made" ]
}

@test "the schemas of GitHub and GitLab take the recipes" {
	github_takes "$CI/recipes/github-actions.yml"
	gitlab_takes "$CI/recipes/gitlab-ci.yml" | grep -F '[arm64-hafdbs,arm64]'
}

@test "an unknown key and a wrong type are refused by GitHub's schema" {
	sed 's/^    timeout-minutes:/    time-out:/' "$CI/recipes/github-actions.yml" >"$T/github.yml"
	expect_failure 1 "Additional property 'time-out' is not allowed" github_takes "$T/github.yml"
	sed 's/^      fail-fast: false/      fail-fast: [1]/' "$CI/recipes/github-actions.yml" >"$T/github.yml"
	expect_failure 1 "/jobs/judge/strategy/fail-fast" github_takes "$T/github.yml"
}

@test "an unknown key and a wrong type are refused by GitLab's schema" {
	sed 's/^  artifacts:/  artefacts:/' "$CI/recipes/gitlab-ci.yml" >"$T/gitlab.yml"
	expect_failure 1 "'artefacts' property is not expected to be here" gitlab_takes "$T/gitlab.yml"
	sed 's/^  timeout: .*/  timeout: [6]/' "$CI/recipes/gitlab-ci.yml" >"$T/gitlab.yml"
	expect_failure 1 "'timeout' property type must be string" gitlab_takes "$T/gitlab.yml"
}

@test "the commands and files that the recipes name are there" {
	run grep -ohE 'ci/run --track [^ ]+ --machine' "$CI"/recipes/*.yml
	[ "${#lines[@]}" -eq 2 ]
	for line in "${lines[@]}"; do
		# shellcheck disable=SC2086 # words
		(cd "$ROOT" && $line s390x --list | grep s390x)
	done
	run grep -ohE 'configs/base/[^ *]*[a-z]$' "$CI/recipes/gitlab-ci.yml"
	[ "${#lines[@]}" -eq 2 ]
	(cd "$ROOT" && ls "${lines[@]}")
}

@test "zstd is there before a cache is restored: by it the cache is named" {
	run -0 awk '/apt-get install.* zstd$/ { there = 1 } /uses: actions\/cache/ { print there + 0; exit }' \
		"$CI/recipes/github-actions.yml"
	[ "$output" = 1 ]
}
