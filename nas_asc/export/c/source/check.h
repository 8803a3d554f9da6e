/* Whether this build hears in the golden recording what training and TensorFlow Lite Micro hear. */
#ifndef CHECK_H
#define CHECK_H

#ifdef __cplusplus
extern "C" {
#endif

/* Prints what differs; gives the number of values that do. */
int check_golden(void);

#ifdef __cplusplus
}
#endif

#endif
