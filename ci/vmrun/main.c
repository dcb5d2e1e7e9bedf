// SPDX-License-Identifier: GPL-2.0
/* vmrun: start one guest, watch it, give the verdict. Options and files. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kvm.h"
#include "result.h"

#ifndef VMRUN_PATTERNS
#define VMRUN_PATTERNS "crash-patterns"
#endif

static const char help[] =
"usage: vmrun --machine FILE --kernel IMAGE --initrd CPIO --output DIR [options]\n"
"\n"
"Start one QEMU guest, watch its console, give the verdict: pass, fail, crash,\n"
"hang, or infra when our own side failed. DIR gets result.json, console.log,\n"
"qemu.log (QEMU's own messages) and, after a hang, diagnosis.txt.\n"
"\n"
"  --machine FILE     machine file, such as configs/machine/arm64-hafdbs\n"
"  --kernel IMAGE     kernel image\n"
"  --initrd CPIO      the guest's initramfs\n"
"  --output DIR       where the files go; made if missing\n"
"  --disk FILE        raw image of the test disk; it is never modified\n"
"  --append WORDS     more kernel command line\n"
"  --tests LIST       tests to run, comma separated (default: all)\n"
"  --id KEY=VALUE     copied to \"id\" in result.json; may be repeated\n"
"  --patterns FILE    crash patterns (default: " VMRUN_PATTERNS ")\n"
"  --known FILE       splats of the base that are no crash\n"
"  --symbols FILE     System.map of the kernel, for the stacks of a hang\n"
"  --silence S        no output for S seconds is a hang (default 60)\n"
"  --timeout S        not done after S seconds is a hang (default 600)\n"
"                     both times `slow`, if the machine file has it\n"
"  --log-limit MIB    more console than this is a fail (default 64)\n"
"  --accel auto|tcg|kvm  auto: KVM once a probe boot has passed (default)\n"
"  --cache DIR        where the answer of the probe boot is remembered\n"
"  --print            print the QEMU command, quoted for a shell, and end\n"
"  --quiet, --verbose no verdict line; the console on stderr as it comes\n"
"\n"
"Exit status: 0 pass; 1 fail, crash, hang; 2 wrong usage; 125 infra.\n"
"Example: vmrun --machine configs/machine/s390x --kernel bzImage \\\n"
"           --initrd init.cpio --output out --tests faultaround\n";

struct options {
	const char *machine;
	const char *patterns;
	const char *known;
	const char *symbols;
	const char *accel;
	const char *cache;
	struct strvec ids;
	bool print;
	bool quiet;
	bool verbose;
};

static void __noreturn __printf(1, 2) usage(const char *fmt, ...)
{
	va_list ap;

	fputs("vmrun: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("; see vmrun --help\n", stderr);
	exit(EXIT_USAGE);
}

static unsigned int count(const char *option, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (!*text || *end || n < 1 || n > 1000000)
		usage("--%s '%s'; expected a number from 1 to 1000000", option,
		      text);
	return n;
}

static void check_id(const struct strvec *ids, const char *id)
{
	const char *eq = strchr(id, '=');
	size_t len = name_span(id, "_.-");

	if (!len || id + len != eq)
		usage("--id '%s'; expected KEY=VALUE", id);
	for (size_t i = 0; i < ids->n; i++)
		if (!strncmp(ids->v[i], id, eq - id + 1))
			usage("--id %.*s is given twice", (int)(eq - id), id);
}

static void check_values(const struct options *o, const struct run *run)
{
	const char *tests = run->boot.tests;

	if (!o->machine || !run->boot.kernel || !run->boot.initrd ||
	    (!run->dir && !o->print))
		usage("--machine, --kernel, --initrd and --output are needed");
	if (tests && (!*tests || tests[name_span(tests, "_.,-")]))
		usage("--tests '%s'; expected names separated by commas",
		      tests);
	if (run->boot.append && (strstr(run->boot.append, "faultline.nonce=") ||
				 strpbrk(run->boot.append, "\n")))
		usage("--append with a newline or faultline.nonce=");
	if (strcmp(o->accel, "auto") && strcmp(o->accel, "tcg") &&
	    strcmp(o->accel, "kvm"))
		usage("--accel '%s'; expected auto, tcg or kvm", o->accel);
}

static void parse_options(int argc, char **argv, struct options *o,
			  struct run *run)
{
	static const struct option longs[] = {
		{ "machine", 1, NULL, 'm' }, { "kernel", 1, NULL, 'k' },
		{ "initrd", 1, NULL, 'i' }, { "output", 1, NULL, 'o' },
		{ "disk", 1, NULL, 'd' }, { "append", 1, NULL, 'a' },
		{ "tests", 1, NULL, 't' }, { "id", 1, NULL, 'I' },
		{ "patterns", 1, NULL, 'p' }, { "silence", 1, NULL, 's' },
		{ "timeout", 1, NULL, 'T' }, { "log-limit", 1, NULL, 'l' },
		{ "accel", 1, NULL, 'A' }, { "cache", 1, NULL, 'c' },
		{ "known", 1, NULL, 'K' }, { "symbols", 1, NULL, 'S' },
		{ "print", 0, NULL, 'P' }, { "quiet", 0, NULL, 'q' },
		{ "verbose", 0, NULL, 'v' }, { "help", 0, NULL, 'h' },
		{ }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'm':
			o->machine = optarg;
			break;
		case 'k':
			run->boot.kernel = optarg;
			break;
		case 'i':
			run->boot.initrd = optarg;
			break;
		case 'o':
			run->dir = optarg;
			break;
		case 'd':
			run->boot.disk = optarg;
			break;
		case 'a':
			run->boot.append = optarg;
			break;
		case 't':
			run->boot.tests = optarg;
			break;
		case 'I':
			check_id(&o->ids, optarg);
			sv_add(&o->ids, optarg);
			break;
		case 'p':
			o->patterns = optarg;
			break;
		case 'K':
			o->known = optarg;
			break;
		case 'S':
			o->symbols = optarg;
			break;
		case 's':
			run->silence = count("silence", optarg);
			break;
		case 'T':
			run->timeout = count("timeout", optarg);
			break;
		case 'l':
			run->log_max = count("log-limit", optarg);
			break;
		case 'A':
			o->accel = optarg;
			break;
		case 'c':
			o->cache = optarg;
			break;
		case 'P':
			o->print = true;
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'h':
			fputs(help, stdout);
			exit(EXIT_GOOD);
		default:
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc)
		usage("unexpected argument '%s'", argv[optind]);
	check_values(o, run);
	run->echo = o->verbose;
}

static int make_nonce(char nonce[33], struct sbuf *err)
{
	unsigned char raw[16];

	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw)) {
		sb_addf(err, "no random nonce: %s", strerror(errno));
		return -1;
	}
	for (size_t i = 0; i < sizeof(raw); i++)
		sprintf(nonce + 2 * i, "%02x", raw[i]);
	return 0;
}

static int check_file(const char *what, const char *path, struct sbuf *err)
{
	struct stat st;

	if (stat(path, &st) || access(path, R_OK)) {
		sb_addf(err, "%s %s: %s", what, path, strerror(errno));
		return -1;
	}
	if (!S_ISREG(st.st_mode) || !st.st_size) {
		sb_addf(err, "%s %s: not a file with content", what, path);
		return -1;
	}
	return 0;
}

static int check_files(const struct boot *b, struct sbuf *err)
{
	if (check_file("kernel", b->kernel, err) ||
	    check_file("initrd", b->initrd, err))
		return -1;
	return b->disk ? check_file("disk", b->disk, err) : 0;
}

/* Splats and symbols, where files of them were given. */
static int load_extras(const struct options *o, struct known *known,
		       struct symbols *symbols, struct sbuf *err)
{
	if (o->known && known_load(known, o->known, path_base(o->machine), err))
		return -1;
	return o->symbols ? symbols_load(symbols, o->symbols, err) : 0;
}

static int make_dir(const char *path, struct sbuf *err)
{
	char *copy = xstrdup(path);
	struct stat st;

	for (char *p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(copy, 0777);
		*p = '/';
	}
	mkdir(copy, 0777);
	free(copy);
	if (!stat(path, &st) && S_ISDIR(st.st_mode) && !access(path, W_OK))
		return 0;
	sb_addf(err, "cannot use the output folder %s: %s", path,
		strerror(errno));
	return -1;
}

/*
 * Make the output folder ours: one vmrun at a time, and nothing of an earlier
 * run that could be taken for this one's. Returns the lock, or -1.
 */
static int take_dir(const char *dir, struct sbuf *err)
{
	static const char * const stale[] = {
		"result.json", "diagnosis.txt", "console.log", "qemu.log",
		"probe-console.log", "probe-qemu.log", "probe-diagnosis.txt",
	};
	int fd;

	if (make_dir(dir, err))
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB)) {
		sb_addf(err, "output folder %s: %s", dir,
			errno == EWOULDBLOCK ? "another vmrun uses it" :
			strerror(errno));
		goto fail;
	}
	for (size_t i = 0; i < ARRAY_SIZE(stale); i++) {
		if (!unlinkat(fd, stale[i], 0) || errno == ENOENT)
			continue;
		sb_addf(err, "cannot remove the old %s/%s: %s", dir, stale[i],
			strerror(errno));
		goto fail;
	}
	return fd;
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

static int watch_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction old;
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	/* a file size limit shall be an error of write(), as a full disk is */
	signal(SIGXFSZ, SIG_IGN);
	/* a parent may have left it ignored, and then no child could be reaped */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	/* nohup and the like: what is ignored would come through the descriptor */
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (!sigaction(ends[i], NULL, &old) && old.sa_handler != SIG_IGN)
			sigaddset(&set, ends[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* KVM or TCG, as asked and as possible; -1 when what was asked cannot be. */
static int choose_accel(struct run *run, const struct options *o,
			struct sbuf *err)
{
	struct sbuf why = {};
	int ret = 0;

	if (!strcmp(o->accel, "kvm")) {
		run->boot.kvm = true;
		if (!kvm_possible(run->boot.machine, &why)) {
			sb_addf(err, "--accel kvm: %s", sb_str(&why));
			ret = -1;
		}
	} else if (!strcmp(o->accel, "auto")) {
		run->boot.kvm = kvm_decide(run, o->cache, &why);
		if (o->verbose)
			fprintf(stderr, "vmrun: %s: %s\n",
				run->boot.kvm ? "KVM" : "TCG", sb_str(&why));
		if (run->interrupted) {
			sb_addf(err, "vmrun was interrupted (%s)",
				strsignal(run->interrupted));
			ret = -1;
		}
	}
	sb_free(&why);
	return ret;
}

static int print_command(const struct boot *boot)
{
	struct sbuf line = {}, err = {};
	struct strvec argv = {};
	int ret = qemu_command(&argv, boot, &err);

	qemu_quote(&line, &argv);
	if (ret)
		fprintf(stderr, "vmrun: %s\n", sb_str(&err));
	else
		puts(sb_str(&line));
	sb_free(&line);
	sb_free(&err);
	sv_free(&argv);
	return ret ? EXIT_INFRA : EXIT_GOOD;
}

static unsigned int times(unsigned int seconds, unsigned int n)
{
	return seconds > UINT_MAX / n ? UINT_MAX : seconds * n;
}

/* Run the guest, with the patience that its machine needs. */
static void run_slowly(struct run *run)
{
	run->silence = times(run->silence, run->boot.machine->slow);
	run->timeout = times(run->timeout, run->boot.machine->slow);
	run_guest(run);
}

static int report(struct run *run, const struct options *o)
{
	const struct ktap *k = &run->judge.ktap;
	const char *name = path_base(o->machine);
	json_t *json = result_json(run, name, &o->ids);
	struct sbuf err = {};
	int status = verdict_status(run->verdict);
	bool written = false;

	if (!json) {
		fprintf(stderr, "vmrun: cannot make the result\n");
		status = EXIT_INFRA;
	} else if (result_write(json, run->dir, &err)) {
		fprintf(stderr, "vmrun: %s\n", sb_str(&err));
		status = EXIT_INFRA;
	} else {
		written = true;
	}
	if (run->verdict == VERDICT_INFRA)
		fprintf(stderr, "vmrun: %s: %s\n", name, sb_str(&run->reason));
	if (!o->quiet && written)
		printf("%s %s: %s (%zu passed, %zu failed, %zu skipped, %.1f s, %s)\n",
		       verdict_name(run->verdict), name, sb_str(&run->reason),
		       k->count[KTAP_OK], k->count[KTAP_NOT_OK],
		       k->count[KTAP_SKIP],
		       run->total_ms < 0 ? 0 : run->total_ms / 1000.0,
		       run->boot.kvm ? "kvm" : "tcg");
	json_decref(json);
	sb_free(&err);
	return status;
}

int main(int argc, char **argv)
{
	struct options o = { .patterns = VMRUN_PATTERNS, .accel = "auto" };
	struct run run = {
		.prefix = "", .silence = 60, .timeout = 600, .log_max = 64,
		.boot_ms = -1, .total_ms = -1,
	};
	struct patterns patterns = {};
	struct machine machine = {};
	struct symbols symbols = {};
	struct known known = {};
	struct sbuf err = {};
	char nonce[33] = "";
	int lock = -1, status;

	parse_options(argc, argv, &o, &run);
	run.boot.machine = &machine;
	run.boot.nonce = nonce;
	run.patterns = &patterns;
	run.known = &known;
	run.symbols = o.symbols ? &symbols : NULL;
	run.verdict = VERDICT_INFRA;

	if (o.print) {
		run.boot.kvm = !strcmp(o.accel, "kvm");
		if (!machine_load(&machine, o.machine, &err) &&
		    !make_nonce(nonce, &err)) {
			status = print_command(&run.boot);
		} else {
			fprintf(stderr, "vmrun: %s\n", sb_str(&err));
			status = EXIT_INFRA;
		}
		goto out;
	}

	lock = take_dir(run.dir, &err);
	if (lock < 0) {
		fprintf(stderr, "vmrun: %s\n", sb_str(&err));
		status = EXIT_INFRA;
		goto out;
	}
	run.signals = watch_signals();
	if (machine_load(&machine, o.machine, &err) ||
	    patterns_load(&patterns, o.patterns, &err) ||
	    load_extras(&o, &known, &symbols, &err) ||
	    check_files(&run.boot, &err) || make_nonce(nonce, &err) ||
	    choose_accel(&run, &o, &err))
		sb_addf(&run.reason, "%s", sb_str(&err));
	else
		run_slowly(&run);
	status = report(&run, &o);
	close(run.signals);
out:
	if (lock >= 0)
		close(lock);
	run_free(&run);
	patterns_free(&patterns);
	known_free(&known);
	symbols_free(&symbols);
	machine_free(&machine);
	sv_free(&o.ids);
	sb_free(&err);
	return status;
}
