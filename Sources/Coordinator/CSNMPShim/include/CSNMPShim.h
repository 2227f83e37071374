// podp's own narrow view of net-snmp: one session, one request at a time, values as plain bytes.
//
// A session may be used by one thread at a time. Opening and closing is serialised within: users and engines of SNMPv3 are global in net-snmp.
// Every call is bounded: timeout × (retries + 1), and once more for finding out the engine.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct podp_snmp podp_snmp;

enum podp_snmp_auth { PODP_SNMP_AUTH_NONE = 0, PODP_SNMP_AUTH_MD5 = 1, PODP_SNMP_AUTH_SHA = 2 };
enum podp_snmp_privacy { PODP_SNMP_PRIVACY_NONE = 0, PODP_SNMP_PRIVACY_DES = 1, PODP_SNMP_PRIVACY_AES = 2 };

typedef struct {
    const char *peer;  // net-snmp's transport address: udp:HOST:PORT
    int32_t version;   // 1 or 3
    const char *community;
    const char *user;
    int32_t auth;
    const char *auth_secret;
    int32_t privacy;
    const char *privacy_secret;
    int64_t timeout_us;
    int32_t retries;
} podp_snmp_options;

// How a call ended.
enum podp_snmp_result {
    PODP_SNMP_ANSWERED = 0,     // with error status and index, which may be 0
    PODP_SNMP_TIMEOUT = 1,      // nothing came
    PODP_SNMP_UNREACHABLE = 2,  // the name is not known, or the network says no
    PODP_SNMP_DENIED = 3,       // the peer does not know the user, or the secret or the level is wrong
    PODP_SNMP_ENGINE = 4,       // another engine, or its clock has jumped: open the session again
    PODP_SNMP_CONFIGURATION = 5,
    PODP_SNMP_FAILED = 6,
};

enum podp_snmp_request { PODP_SNMP_GET = 0, PODP_SNMP_GETNEXT = 1, PODP_SNMP_GETBULK = 2 };

// What kind a value is.
enum podp_snmp_type {
    PODP_SNMP_INTEGER = 0,  // signed and unsigned alike
    PODP_SNMP_BYTES = 1,
    PODP_SNMP_OID = 2,
    PODP_SNMP_ADDRESS = 3,  // four bytes
    PODP_SNMP_MISSING = 4,  // noSuchObject, noSuchInstance, endOfMibView
    PODP_SNMP_OTHER = 5,
};

// Called for each value of an answer, in order. The pointers are valid during the call.
typedef void (*podp_snmp_sink)(
    void *context, const uint32_t *oid, size_t oid_length, int32_t type, int64_t integer, const uint8_t *bytes, size_t length);

// NULL: `message` says why, `result` how.
podp_snmp *podp_snmp_open(const podp_snmp_options *options, int32_t *result, char *message, size_t message_size);
// Closes it, and forgets what was known about its engine's clock.
void podp_snmp_close(podp_snmp *session);

// `oids` holds `count` object identifiers one after the other, their lengths in `lengths`. `repetitions` is GETBULK's.
int32_t podp_snmp_ask(
    podp_snmp *session, int32_t request, const uint32_t *oids, const size_t *lengths, size_t count, int32_t repetitions, podp_snmp_sink sink, void *context,
    int32_t *error_status, int32_t *error_index, char *message, size_t message_size);

// One integer, sent once: no packet is repeated.
int32_t podp_snmp_set(
    podp_snmp *session, const uint32_t *oid, size_t oid_length, int32_t value, int64_t timeout_us, int32_t *error_status, char *message, size_t message_size);
