#include "CSNMPShim.h"

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/library/lcd_time.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct podp_snmp {
    void *handle;
    int version;
    int64_t timeout_us;
    int retries;
};

// net-snmp's README.thread promises that sessions are apart; users, engines and transports are not.
static pthread_mutex_t global = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void initialise(void) {
    // No MIB files, no configuration files, nothing written below /var/lib/snmp, nothing printed.
    setenv("MIBS", "", 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    snmp_disable_log();
    init_snmp("podp");
}

static void say(char *message, size_t size, const char *text) {
    if (size == 0) return;
    strncpy(message, text ? text : "", size - 1);
    message[size - 1] = 0;
}

static int32_t classify(int error) {
    switch (error) {
        case SNMPERR_TIMEOUT: return PODP_SNMP_TIMEOUT;
        case SNMPERR_BAD_ADDRESS:
        case SNMPERR_BAD_SENDTO:
        case SNMPERR_NO_SOCKET:
        case SNMPERR_BAD_LOCPORT: return PODP_SNMP_UNREACHABLE;
        case SNMPERR_UNKNOWN_USER_NAME:
        case SNMPERR_AUTHENTICATION_FAILURE:
        case SNMPERR_DECRYPTION_ERR:
        case SNMPERR_UNSUPPORTED_SEC_LEVEL:
        case SNMPERR_USM_UNKNOWNSECURITYNAME:
        case SNMPERR_USM_AUTHENTICATIONFAILURE:
        case SNMPERR_USM_DECRYPTIONERROR:
        case SNMPERR_USM_UNSUPPORTEDSECURITYLEVEL: return PODP_SNMP_DENIED;
        case SNMPERR_NOT_IN_TIME_WINDOW:
        case SNMPERR_UNKNOWN_ENG_ID:
        case SNMPERR_USM_NOTINTIMEWINDOW:
        case SNMPERR_USM_UNKNOWNENGINEID: return PODP_SNMP_ENGINE;
        default: return PODP_SNMP_FAILED;
    }
}

static int32_t explain(void *handle, int status, char *message, size_t size) {
    if (status == STAT_TIMEOUT) {
        say(message, size, "no answer");
        return PODP_SNMP_TIMEOUT;
    }
    int library = 0, system = 0;
    char *text = NULL;
    snmp_sess_error(handle, &system, &library, &text);
    say(message, size, text);
    free(text);
    return classify(library);
}

static int set_secret(const char *secret, const oid *protocol, size_t protocol_length, u_char *key, size_t *key_length) {
    *key_length = USM_AUTH_KU_LEN;
    return generate_Ku(protocol, (u_int)protocol_length, (const u_char *)secret, strlen(secret), key, key_length) == SNMPERR_SUCCESS;
}

podp_snmp *podp_snmp_open(const podp_snmp_options *options, int32_t *result, char *message, size_t message_size) {
    pthread_once(&once, initialise);
    *result = PODP_SNMP_CONFIGURATION;
    struct snmp_session session;
    snmp_sess_init(&session);
    session.peername = (char *)options->peer;
    session.timeout = (long)options->timeout_us;
    session.retries = options->retries;
    if (options->version == 1) {
        session.version = SNMP_VERSION_1;
        session.community = (u_char *)options->community;
        session.community_len = strlen(options->community);
    } else {
        session.version = SNMP_VERSION_3;
        session.securityName = (char *)options->user;
        session.securityNameLen = strlen(options->user);
        session.securityLevel = SNMP_SEC_LEVEL_NOAUTH;
        if (options->auth != PODP_SNMP_AUTH_NONE) {
            int sha = options->auth == PODP_SNMP_AUTH_SHA;
            const oid *protocol = sha ? usmHMACSHA1AuthProtocol : usmHMACMD5AuthProtocol;
            size_t length = sha ? USM_AUTH_PROTO_SHA_LEN : USM_AUTH_PROTO_MD5_LEN;
            session.securityAuthProto = (oid *)protocol;
            session.securityAuthProtoLen = length;
            session.securityLevel = SNMP_SEC_LEVEL_AUTHNOPRIV;
            if (!set_secret(options->auth_secret, protocol, length, session.securityAuthKey, &session.securityAuthKeyLen)) {
                say(message, message_size, "the authentication secret has fewer than 8 characters, or its algorithm is not there");
                return NULL;
            }
            if (options->privacy != PODP_SNMP_PRIVACY_NONE) {
#ifdef NETSNMP_DISABLE_DES
                if (options->privacy == PODP_SNMP_PRIVACY_DES) {
                    say(message, message_size, "this system's net-snmp has no DES; use AES");
                    return NULL;
                }
                session.securityPrivProto = (oid *)usmAESPrivProtocol;
                session.securityPrivProtoLen = USM_PRIV_PROTO_AES_LEN;
#else
                int aes = options->privacy == PODP_SNMP_PRIVACY_AES;
                session.securityPrivProto = (oid *)(aes ? usmAESPrivProtocol : usmDESPrivProtocol);
                session.securityPrivProtoLen = aes ? USM_PRIV_PROTO_AES_LEN : USM_PRIV_PROTO_DES_LEN;
#endif
                session.securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
                if (!set_secret(options->privacy_secret, protocol, length, session.securityPrivKey, &session.securityPrivKeyLen)) {
                    say(message, message_size, "the privacy secret has fewer than 8 characters, or its algorithm is not there");
                    return NULL;
                }
            }
        }
    }
    podp_snmp *opened = calloc(1, sizeof *opened);
    if (!opened) {
        say(message, message_size, "no memory");
        return NULL;
    }
    // Opening a v3 session asks the peer for its engine, within the timeout.
    pthread_mutex_lock(&global);
    opened->handle = snmp_sess_open(&session);
    pthread_mutex_unlock(&global);
    memset(session.securityAuthKey, 0, sizeof session.securityAuthKey);
    memset(session.securityPrivKey, 0, sizeof session.securityPrivKey);
    if (!opened->handle) {
        int library = session.s_snmp_errno ? session.s_snmp_errno : snmp_errno;
        *result = classify(library);
        say(message, message_size, snmp_api_errstring(library));
        free(opened);
        return NULL;
    }
    opened->version = options->version;
    opened->timeout_us = options->timeout_us;
    opened->retries = options->retries;
    *result = PODP_SNMP_ANSWERED;
    return opened;
}

void podp_snmp_close(podp_snmp *session) {
    if (!session) return;
    pthread_mutex_lock(&global);
    struct snmp_session *inner = snmp_sess_session(session->handle);
    // A restarted engine may count its boots from the beginning: what was known would keep every answer of it outside the time window.
    if (inner && session->version == 3 && inner->securityEngineID && inner->securityEngineIDLen)
        set_enginetime(inner->securityEngineID, (u_int)inner->securityEngineIDLen, 0, 0, TRUE);
    snmp_sess_close(session->handle);
    pthread_mutex_unlock(&global);
    free(session);
}

static void deliver(netsnmp_variable_list *variable, podp_snmp_sink sink, void *context) {
    uint32_t name[MAX_OID_LEN];
    size_t length = variable->name_length < MAX_OID_LEN ? variable->name_length : MAX_OID_LEN;
    for (size_t i = 0; i < length; i++) name[i] = (uint32_t)variable->name[i];
    int32_t type = PODP_SNMP_OTHER;
    int64_t integer = 0;
    const uint8_t *bytes = NULL;
    size_t count = 0;
    switch (variable->type) {
        case ASN_INTEGER:
            type = PODP_SNMP_INTEGER;
            if (variable->val.integer) integer = *variable->val.integer;
            break;
        case ASN_COUNTER:
        case ASN_GAUGE:
        case ASN_TIMETICKS:
        case ASN_UINTEGER:
            type = PODP_SNMP_INTEGER;
            if (variable->val.integer) integer = (int64_t)((uint64_t)*variable->val.integer & 0xffffffffu);
            break;
        case ASN_OCTET_STR:
        case ASN_OPAQUE:
            type = PODP_SNMP_BYTES;
            bytes = variable->val.string;
            count = variable->val_len;
            break;
        case ASN_IPADDRESS:
            type = PODP_SNMP_ADDRESS;
            bytes = variable->val.string;
            count = variable->val_len;
            break;
        case ASN_OBJECT_ID: {
            uint32_t value[MAX_OID_LEN];
            size_t parts = variable->val_len / sizeof(oid);
            if (parts > MAX_OID_LEN) parts = MAX_OID_LEN;
            for (size_t i = 0; i < parts; i++) value[i] = (uint32_t)variable->val.objid[i];
            sink(context, name, length, PODP_SNMP_OID, (int64_t)parts, (const uint8_t *)value, parts * sizeof value[0]);
            return;
        }
        case SNMP_NOSUCHOBJECT:
        case SNMP_NOSUCHINSTANCE:
        case SNMP_ENDOFMIBVIEW: type = PODP_SNMP_MISSING; break;
        default: break;
    }
    sink(context, name, length, type, integer, bytes, count);
}

static int widen(const uint32_t *from, size_t length, oid *to) {
    if (length == 0 || length > MAX_OID_LEN) return 0;
    for (size_t i = 0; i < length; i++) to[i] = from[i];
    return 1;
}

int32_t podp_snmp_ask(
    podp_snmp *session, int32_t request, const uint32_t *oids, const size_t *lengths, size_t count, int32_t repetitions, podp_snmp_sink sink, void *context,
    int32_t *error_status, int32_t *error_index, char *message, size_t message_size) {
    *error_status = 0;
    *error_index = 0;
    int command = request == PODP_SNMP_GETBULK ? SNMP_MSG_GETBULK : request == PODP_SNMP_GETNEXT ? SNMP_MSG_GETNEXT : SNMP_MSG_GET;
    netsnmp_pdu *pdu = snmp_pdu_create(command);
    if (!pdu) {
        say(message, message_size, "no memory");
        return PODP_SNMP_FAILED;
    }
    if (command == SNMP_MSG_GETBULK) {
        pdu->non_repeaters = 0;
        pdu->max_repetitions = repetitions;
    }
    for (size_t i = 0; i < count; i++) {
        oid name[MAX_OID_LEN];
        if (!widen(oids, lengths[i], name) || !snmp_add_null_var(pdu, name, lengths[i])) {
            snmp_free_pdu(pdu);
            say(message, message_size, "an object identifier is too long");
            return PODP_SNMP_FAILED;
        }
        oids += lengths[i];
    }
    netsnmp_pdu *response = NULL;
    int status = snmp_sess_synch_response(session->handle, pdu, &response);
    if (status != STAT_SUCCESS || !response) {
        int32_t result = explain(session->handle, status, message, message_size);
        if (response) snmp_free_pdu(response);
        return result;
    }
    *error_status = (int32_t)response->errstat;
    *error_index = (int32_t)response->errindex;
    if (response->errstat == SNMP_ERR_NOERROR)
        for (netsnmp_variable_list *variable = response->variables; variable; variable = variable->next_variable) deliver(variable, sink, context);
    snmp_free_pdu(response);
    return PODP_SNMP_ANSWERED;
}

int32_t podp_snmp_set(
    podp_snmp *session, const uint32_t *oids, size_t oid_length, int32_t value, int64_t timeout_us, int32_t *error_status, char *message, size_t message_size) {
    *error_status = 0;
    netsnmp_pdu *pdu = snmp_pdu_create(SNMP_MSG_SET);
    oid name[MAX_OID_LEN];
    long wide = value;
    if (!pdu || !widen(oids, oid_length, name) || !snmp_pdu_add_variable(pdu, name, oid_length, ASN_INTEGER, &wide, sizeof wide)) {
        if (pdu) snmp_free_pdu(pdu);
        say(message, message_size, "no memory, or the object identifier is too long");
        return PODP_SNMP_FAILED;
    }
    struct snmp_session *inner = snmp_sess_session(session->handle);
    if (inner) {
        inner->retries = 0;
        inner->timeout = (long)timeout_us;
    }
    netsnmp_pdu *response = NULL;
    int status = snmp_sess_synch_response(session->handle, pdu, &response);
    if (inner) {
        inner->retries = session->retries;
        inner->timeout = (long)session->timeout_us;
    }
    int32_t result = PODP_SNMP_ANSWERED;
    if (status != STAT_SUCCESS || !response)
        result = explain(session->handle, status, message, message_size);
    else
        *error_status = (int32_t)response->errstat;
    if (response) snmp_free_pdu(response);
    return result;
}
