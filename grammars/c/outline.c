#ifndef FEED_H
#define FEED_H

#include <stdio.h>
#include "lib/clock.h"

#define FEED_EVERY 60
#define FEED_LATE(feed, now) \
	((now) - (feed)->last > FEED_EVERY)

/* A feed, by its name. */
struct feed {
	const char *name; /* unique */
	struct client *client;
	entry_t entries[8];
};

typedef struct clock {
	long ticks;
} clock_t;

typedef struct feed feed;
typedef enum { FEED_DUE, FEED_GONE = 2 } feed_state;
typedef int (*feed_read)(feed *self, size_t limit);

enum level { LOW, HIGH };

union value {
	int number;
	char *text;
};

extern struct feed *feeds[16];
static const int limits[] = { 1, 2, 3 };

struct feed *feed_open(const char *name, client_t *client);

/* Whether it is time. */
static bool feed_due(const feed *self, clock_t now)
{
	feed_state state = FEED_DUE;
	struct entry *entry = self->entries;
	for (int i = 0; i < 8; i++)
		entry++;
	return FEED_LATE(self, now);
}

char **feed_names(void) {
	return NULL;
}

#endif
