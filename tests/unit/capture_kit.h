/*
 * What the tests of src/capture share: files made octet by octet, and all
 * that a capture gave, copied out so that it can be looked at afterwards.
 */
#ifndef TCPFSM_TESTS_CAPTURE_KIT_H
#define TCPFSM_TESTS_CAPTURE_KIT_H

#include "capture/capture.h"

/* A file being made; numbers are appended in the byte order that is set. */
struct kit {
	bool swapped; /* the other byte order than this machine's */
	uint8_t *p;
	size_t len, capacity;
};

void kit_free(struct kit *k);
void kit_bytes(struct kit *k, const void *p, size_t len);
void kit_u16(struct kit *k, unsigned v);
void kit_u32(struct kit *k, uint32_t v);
void kit_u64(struct kit *k, uint64_t v);

/* The classic format. */
enum {
	KIT_US = 0xa1b2c3d4,
	KIT_NS = 0xa1b23c4d,
	KIT_PATCHED = 0xa1b2cd34,
	KIT_ETHERNET = 1,
	KIT_RAW = 101,
};
void kit_pcap_header(struct kit *k, uint32_t magic, uint32_t snaplen, uint32_t linktype);
void kit_pcap_record(struct kit *k, uint32_t seconds, uint32_t fraction, const void *p, uint32_t caplen,
                     uint32_t len);

/* pcapng: begin and end a block; in between its body is appended.  Returns where it begins. */
size_t kit_block(struct kit *k, uint32_t type);
void kit_block_end(struct kit *k, size_t begin);
void kit_option(struct kit *k, unsigned code, const void *p, size_t len);
void kit_option_u64(struct kit *k, unsigned code, uint64_t v);
void kit_option_end(struct kit *k);
void kit_section(struct kit *k);
void kit_interface(struct kit *k, unsigned linktype, uint32_t snaplen);
void kit_packet(struct kit *k, uint32_t interface, uint64_t ticks, const void *p, uint32_t caplen,
                uint32_t len);

/* An Ethernet frame that holds an IPv4 UDP datagram to PORT, KIT_UDP_LEN octets. */
enum {
	KIT_UDP_LEN = 42,
};
void kit_udp_frame(uint8_t frame[KIT_UDP_LEN], unsigned port);

/* A temporary file with these contents; the name is the caller's to give to kit_unlink. */
char *kit_file(const void *p, size_t len);
void kit_unlink(char *name);

/* Everything that a capture gave. */
struct kit_frame {
	uint64_t packet;
	int64_t ts_ns;
	uint32_t caplen, len;
	int linktype;
	uint8_t *data;
};

struct kit_source {
	struct tf_capture_source info; /* its strings are not valid any more */
	char linktype[32];
	char resolution[4];
	char error[TF_CAPTURE_MESSAGE_SIZE];
	int linktypes[8];
};

struct kit_result {
	enum tf_capture_status status;
	char message[TF_CAPTURE_MESSAGE_SIZE];
	struct kit_frame *frames;
	size_t count, capacity;
	struct kit_source sources[8];
	uint64_t numbered; /* tf_capture_frames at the end */
	uint64_t consumed, total;
};

/* Reads a capture to its end, in batches of up to BATCH. */
struct kit_result kit_read(const struct tf_capture_options *options, size_t batch);

/* Reads one file with these contents. */
struct kit_result kit_read_bytes(const void *p, size_t len);
void kit_result_free(struct kit_result *r);

/* Whether both hold the same frames: numbers, times, lengths, link types, octets. */
bool kit_same_frames(const struct kit_result *a, const struct kit_result *b);

#endif
