/* Reads§c feeds. */§k
#include <stdio.h§s>
#include "feed.h"

struct feed {
	const char *name; // what it is called§c
	long every;
};

int feed_due(const struct feed *feed, long now)
{
	long late = now % feed->every;
	if (late == 0) §({
		char quote = '§s"';
		printf("late: %ld \"min\"§s%c\n", late, quote);§k
		return 1;§b
	}§)
	return 0;
}
