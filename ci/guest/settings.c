// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "kmsg.h"
#include "mm.h"
#include "settings.h"

/**
 * struct setting - one of them
 * @path: its file, a number or "always [madvise] never"
 * @value: what it was; "" where there is no such file
 */
struct setting {
	const char *path;
	char value[32];
};

static struct setting settings[] = {
	{ MM_THP "enabled", "" },
	{ MM_THP "defrag", "" },
	{ MM_THP "shmem_enabled", "" },
	{ MM_THP "khugepaged/defrag", "" },
	{ MM_THP "khugepaged/scan_sleep_millisecs", "" },
	{ MM_THP "khugepaged/alloc_sleep_millisecs", "" },
	{ MM_THP "khugepaged/pages_to_scan", "" },
	{ MM_THP "khugepaged/max_ptes_none", "" },
	{ MM_THP "khugepaged/max_ptes_swap", "" },
	{ MM_THP "khugepaged/max_ptes_shared", "" },
	{ "/sys/kernel/debug/fault_around_bytes", "" },
	{ "/sys/kernel/mm/lru_gen/enabled", "" },
	{ "/proc/sys/vm/nr_hugepages", "" },
	{ "/proc/sys/vm/page-cluster", "" },
};

static const char *prefix;

/* The number, or the word that is chosen; "" if there is none. */
static void look_up(const struct setting *s, char *value, size_t size)
{
	char path[256], line[128] = "", *end;
	const char *word = line;
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "%s%s", prefix, s->path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, line, sizeof(line) - 1);
		close(fd);
	}
	line[n > 0 ? n : 0] = '\0';
	end = strchr(line, '[');
	if (end)
		word = end + 1;
	snprintf(value, size, "%.*s", (int)strcspn(word, "]\n"), word);
}

void settings_keep(const char *root)
{
	size_t i;

	prefix = root;
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		look_up(&settings[i], settings[i].value,
			sizeof(settings[i].value));
}

static void give_back(const struct setting *s)
{
	char path[256];
	ssize_t len = strlen(s->value);
	int fd;

	snprintf(path, sizeof(path), "%s%s", prefix, s->path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, s->value, len) != len)
		kmsg("# cannot set %s to %s again: %s", path, s->value,
		     strerror(errno));
	if (fd >= 0)
		close(fd);
}

void settings_give_back(void)
{
	char now[sizeof(settings[0].value)];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(settings); i++) {
		if (!settings[i].value[0])
			continue;
		look_up(&settings[i], now, sizeof(now));
		if (strcmp(now, settings[i].value))
			give_back(&settings[i]);
	}
}
