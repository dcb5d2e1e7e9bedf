// SPDX-License-Identifier: GPL-2.0
/* gen_init_cpio -t TIME LIST: print the names in LIST; nothing unpacks it. */
#include <stdio.h>

int main(int argc, char **argv)
{
	FILE *f = argc == 4 ? fopen(argv[3], "r") : NULL;
	char kind[16], name[256], rest[4096];

	if (!f)
		return 1;
	while (fscanf(f, "%15s %255s %4095[^\n]", kind, name, rest) == 3)
		printf("%s %s\n", kind, name);
	return fclose(f) ? 1 : 0;
}
