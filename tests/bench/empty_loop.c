/*
 * The yardstick: reads a capture through libpcap and does nothing but count its packets.
 *
 * What a program needs beyond this it spends on its own work; the benchmark gives all figures as
 * ratios to it.
 */
#include <pcap/pcap.h>
#include <stdio.h>

static void
count_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	(void)header;
	(void)bytes;
	++*(unsigned long long *)(void *)user;
}

int
main(int argc, char **argv)
{
	char message[PCAP_ERRBUF_SIZE] = "usage: empty_loop FILE";
	pcap_t *pcap = argc == 2 ? pcap_open_offline(argv[1], message) : NULL;
	unsigned long long packets = 0;

	if (pcap == NULL || pcap_loop(pcap, -1, count_packet, (u_char *)&packets) != 0) {
		fprintf(stderr, "empty_loop: %s\n", pcap == NULL ? message : pcap_geterr(pcap));
		return 1;
	}
	pcap_close(pcap);
	printf("%llu\n", packets);
	return 0;
}
