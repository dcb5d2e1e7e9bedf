/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The addresses at which one page table ends and the next begins, at every
 * level, wherever this machine lets a process map something.
 *
 * Nothing tells a program how many levels there are and what an entry of each
 * maps.  It is a power of two, so every power of two can be tried, from what one
 * page of entries maps up to the end of the address space.
 */
#ifndef FAULTLINE_EDGES_H
#define FAULTLINE_EDGES_H

#include "base.h"

/**
 * struct edge - one of them
 * @shift: it is an odd multiple of 1 << @shift, so no larger entry ends there
 * @at: the address; what is around it is free
 * @next: with EDGES_NEXT, the next address like it, everything up to there and
 *	around it free too; NULL if that is out of reach
 * @tables: 0, or the tables reach beyond this address, see edges_each()
 */
struct edge {
	unsigned int shift;
	char *at;
	char *next;
	u64 tables;
};

/*
 * Every power of two, with the tables that it needs; otherwise those that are a
 * level where all levels are alike
 */
#define EDGES_ALL	1

/*
 * Where the kernel gives a process more levels once it maps further up: the edges
 * below that again, with more levels than they need
 */
#define EDGES_DEEPER	2

/* Only those with free address space up to the next one, if there is any */
#define EDGES_NEXT	4

/**
 * edges_each() - visit every edge, each in a child of its own
 * @room: bytes that are free on either side
 * @which: EDGES_ALL, EDGES_DEEPER, EDGES_NEXT
 * @visit: what the child runs; it may use expect() and require()
 *
 * The tables of a child are those that the edge needs.
 */
void edges_each(size_t room, int which, void (*visit)(const struct edge *e));

/**
 * edges_range() - which there are, such as "21-46"
 * @text: where it goes
 * @size: of @text
 */
void edges_range(char *text, size_t size);

/**
 * edges_level() - what an entry of a level maps, where all levels are alike
 * @level: 0 for one that holds a table of pages
 *
 * Return: bytes, as a power of two: 21, 30, 39; 20, 31, 42 on s390.
 */
unsigned int edges_level(unsigned int level);

/**
 * edges_top() - the end of what a process can map
 *
 * Return: the address of the first byte that cannot be mapped any more.
 */
unsigned long edges_top(void);

/**
 * edges_tops() - where the tables of each depth end
 * @tops: addresses, ascending; the last is edges_top()
 *
 * Return: how many there are, at most EDGES_TOPS.
 */
size_t edges_tops(unsigned long *tops);

#define EDGES_TOPS	3

/**
 * edges_child() - run a function in a child
 * @what: names it in a message
 * @run: the function; it may use expect() and require()
 * @arg: for @run
 */
void edges_child(const char *what, void (*run)(const void *arg),
		 const void *arg);

/**
 * edges_map() - map memory at an address where there is none
 * @at: the address
 * @size: bytes
 * @prot: PROT_READ etc.
 * @flags: MAP_PRIVATE | MAP_ANONYMOUS etc.
 * @fd: as mmap() takes it; the offset is 0
 *
 * Ends the case if that does not work.  Return: @at.
 */
char *edges_map(char *at, size_t size, int prot, int flags, int fd);

/**
 * edges_frames() - which pages are mapped, in one go
 * @start: address of the first
 * @nr: how many
 * @pfns: set to their page frame numbers, or NO_FRAME
 */
void edges_frames(const char *start, size_t nr, u64 *pfns);

#define NO_FRAME	(~0ULL)

#endif
