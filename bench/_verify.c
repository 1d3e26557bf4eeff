/* Verifies many signatures through a function of libcrypto (EVP_PKEY_verify), so that no interpreter is
   in the loop that is measured. Declares what it needs: no header of OpenSSL is wanted. */

#include <stddef.h>

typedef int verify_function(void *context, const unsigned char *signature, size_t signature_length,
                            const unsigned char *digest, size_t digest_length);

struct item {
    void *context;
    const unsigned char *signature;
    size_t length;
    const unsigned char *digest; /* 32 octets */
};

/* How many of `rounds` times `count` verifications held. */
long verify_all(verify_function *verify, const struct item *items, long count, long rounds)
{
    long held = 0;
    for (long round = 0; round < rounds; round++)
        for (long i = 0; i < count; i++)
            held += verify(items[i].context, items[i].signature, items[i].length, items[i].digest, 32) == 1;
    return held;
}
