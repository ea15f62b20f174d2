/*
 * sanitized.h - SANITIZED: a sanitizer has put its own heap in place of the
 * C library's, so what memory a test sees means nothing.
 */
#ifndef TESTS_PROTO_SANITIZED_H
#define TESTS_PROTO_SANITIZED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

#endif /* TESTS_PROTO_SANITIZED_H */
