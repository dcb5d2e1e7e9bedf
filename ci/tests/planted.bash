# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# planted.bash - ci/tests/planted, four patches on the base of v5.10, as the series of
# v5.10: the second breaks fault-around, the others change comments, and no image.

# planted_series: make it the series that the commands see, applied. The branch stays
# what it is, as other suites run beside this one.
planted_series() {
	export FAULTLINE_PATCHES=$BATS_TEST_DIRNAME/planted
	"$SCRIPTS/apply" v5.10 --no-lint --no-branch --quiet >/dev/null
}
