// SPDX-License-Identifier: GPL-2.0
/* Read KTAP from stdin as vmrun does: what failed, the counts, or the breach. */
#include <stdio.h>
#include <string.h>

#include "ktap.h"

int main(void)
{
	char line[65536];
	struct ktap k;

	ktap_init(&k);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		ktap_line(&k, line);
	}
	if (!k.error && !ktap_complete(&k)) {
		puts("the plan is not met");
		return 1;
	}
	ktap_finish(&k);
	if (k.error) {
		puts(k.error);
		return 1;
	}
	for (size_t i = 0; i < k.n_cases; i++)
		if (k.cases[i].result == KTAP_NOT_OK)
			printf("not ok %s: %s\n", k.cases[i].name,
			       k.cases[i].note ?: "");
	printf("%zu ok, %zu not ok, %zu skip, %zu facts\n", k.count[KTAP_OK],
	       k.count[KTAP_NOT_OK], k.count[KTAP_SKIP], k.n_facts);
	ktap_free(&k);
	return 0;
}
