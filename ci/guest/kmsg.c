// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"

/* Priority "notice": shown by every console with loglevel=6 and above. */
#define PRIORITY	"<5>"

static int kmsg_fd = -1;

int kmsg_open(void)
{
	kmsg_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	return kmsg_fd < 0 ? -1 : 0;
}

void kmsg(const char *fmt, ...)
{
	char record[sizeof(PRIORITY) + KMSG_LINE_MAX + 64];
	char *text = record + strlen(PRIORITY);
	char *line = NULL;
	size_t len, i;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&line, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;

	len = n;
	if (len > KMSG_LINE_MAX)
		len = KMSG_LINE_MAX;
	memcpy(record, PRIORITY, strlen(PRIORITY));
	for (i = 0; i < len; i++) {
		unsigned char c = line[i];

		if (c == '\t')
			c = ' ';
		text[i] = c < ' ' || c > '~' ? '?' : c;
	}
	if ((size_t)n > len)
		len += sprintf(text + len, " [cut %zu bytes]", n - len);
	text[len] = '\0';
	free(line);

	if (kmsg_fd < 0) {
		puts(text);
		fflush(stdout);
		return;
	}
	/* Without the newline the kernel keeps the line until the next one */
	text[len++] = '\n';
	len += strlen(PRIORITY);
	while (write(kmsg_fd, record, len) < 0 && errno == EINTR)
		;
}
