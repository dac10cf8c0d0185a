/*
 * The list of interfaces that can be listened on.
 */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/capture.h"

static size_t
count_devices(const pcap_if_t *device)
{
	size_t n = 0;
	for (; device; device = device->next)
		n++;
	return n;
}

static bool
copy_device(struct tf_capture_interface *to, const pcap_if_t *device)
{
	to->name = strdup(device->name);
	to->description = device->description ? strdup(device->description) : NULL;
	to->up = device->flags & PCAP_IF_UP;
	to->running = device->flags & PCAP_IF_RUNNING;
	to->loopback = device->flags & PCAP_IF_LOOPBACK;
	to->wireless = device->flags & PCAP_IF_WIRELESS;
	return to->name && (to->description || !device->description);
}

struct tf_capture_interface *
tf_capture_interfaces(size_t *count, char message[TF_CAPTURE_MESSAGE_SIZE])
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_if_t *devices;
	*count = 0;
	if (pcap_findalldevs(&devices, why) != 0) {
		snprintf(message, TF_CAPTURE_MESSAGE_SIZE, "the interfaces cannot be listed: %.300s", why);
		return NULL;
	}
	struct tf_capture_interface *list = calloc(count_devices(devices) + 1, sizeof(*list));
	bool complete = list != NULL;
	for (const pcap_if_t *d = devices; complete && d; d = d->next)
		complete = copy_device(&list[(*count)++], d);
	pcap_freealldevs(devices);
	if (complete)
		return list;
	tf_capture_interfaces_free(list, *count);
	snprintf(message, TF_CAPTURE_MESSAGE_SIZE, "out of memory");
	*count = 0;
	return NULL;
}

void
tf_capture_interfaces_free(struct tf_capture_interface *interfaces, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(interfaces[i].name);
		free(interfaces[i].description);
	}
	free(interfaces);
}
