// MPI's C interface, of Open MPI or another implementation. Its constants are macros over casts or variables, which
// Swift does not see.
#pragma once

// The C++ interface is gone from the standard, and from newer headers.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

static inline MPI_Comm mpi_comm_world(void) { return MPI_COMM_WORLD; }
static inline MPI_Comm mpi_comm_null(void) { return MPI_COMM_NULL; }
static inline MPI_Datatype mpi_type_byte(void) { return MPI_BYTE; }
static inline MPI_Datatype mpi_type_float(void) { return MPI_FLOAT; }
static inline MPI_Datatype mpi_type_int64(void) { return MPI_INT64_T; }
static inline MPI_Op mpi_op_sum(void) { return MPI_SUM; }
static inline MPI_Info mpi_info_null(void) { return MPI_INFO_NULL; }
static inline MPI_Request mpi_request_null(void) { return MPI_REQUEST_NULL; }
static inline MPI_Errhandler mpi_errors_return(void) { return MPI_ERRORS_RETURN; }
static inline MPI_Status *mpi_status_ignore(void) { return MPI_STATUS_IGNORE; }
static inline void *mpi_in_place(void) { return MPI_IN_PLACE; }
static inline int mpi_success(void) { return MPI_SUCCESS; }
static inline int mpi_comm_type_shared(void) { return MPI_COMM_TYPE_SHARED; }
static inline int mpi_thread_funneled(void) { return MPI_THREAD_FUNNELED; }
static inline int mpi_max_error_string(void) { return MPI_MAX_ERROR_STRING; }

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>

// Cores that this process may use, a bit each; glibc's function for it is hidden from Swift. Returns 0 for failure.
static inline int process_affinity(unsigned char *mask, unsigned long byteCount) {
    return syscall(SYS_sched_getaffinity, 0, byteCount, mask) > 0;
}
#endif
