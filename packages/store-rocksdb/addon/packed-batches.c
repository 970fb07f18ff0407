/*
 * Batches of reads and writes that cross the border to native code as one buffer.
 *
 * rocksdb-native takes an object for each operation, whose properties native code looks up by name, and gives an ArrayBuffer and a promise
 * for each value. This addon calls the same functions of the same library (they are exported by rocksdb-native.node), on the same open
 * database, with all keys and values in one buffer and their lengths in another. docs/adr/0032 has what it saves.
 *
 * `npm install` compiles it, and `npm run prepare` after a change. The layouts below are those of librocksdb as rocksdb-native 3.18.1 has
 * it; load.cjs refuses any other version. A struct that the library fills has room at its end for members that this file does not know.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 8
#include <dlfcn.h>
#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define ROOM 256

/* Of a word of the table that stands for a key: two bits for the kind of write, the others for the length. */
#define KIND_SHIFT 30
#define LENGTH_MASK ((1u << KIND_SHIFT) - 1)

enum { GET = 1 };

typedef struct {
  const char *data;
  size_t length;
} slice_t;

typedef struct {
  uv_work_t worker;
  void *database;
} request_t;

/* Of a read and of a write alike: `value` is what was found, what is put, or the end of a deleted range. */
typedef struct {
  int type;
  void *column_family;
  slice_t key;
  slice_t value;
} operation_t;

typedef struct {
  int version;
} write_options_t;

typedef struct write_batch_s {
  request_t request;
  write_options_t options;
  size_t count;
  operation_t *operations;
  char *error;
  int status;
  void (*done)(struct write_batch_s *, int);
  void *data;
  char room[ROOM];
} write_batch_t;

typedef struct {
  int version;
  void *snapshot;
  bool async_io;
  bool fill_cache;
} read_options_t;

typedef struct read_batch_s {
  request_t request;
  read_options_t options;
  size_t count;
  operation_t *operations;
  char **errors;
  int *statuses;
  void (*done)(struct read_batch_s *, int);
  void *data;
  char room[ROOM];
} read_batch_t;

typedef int (*write_fn)(void *, write_batch_t *, operation_t *, size_t, const write_options_t *, void (*)(write_batch_t *, int));
typedef void (*write_cleanup_fn)(write_batch_t *);
typedef int (*read_fn)(void *, read_batch_t *, operation_t *, size_t, const read_options_t *, void (*)(read_batch_t *, int));
typedef void (*read_cleanup_fn)(read_batch_t *);

static struct {
  write_fn write;
  write_cleanup_fn write_cleanup;
  read_fn read;
  read_cleanup_fn read_cleanup;
} library;

/* One for each thread of JavaScript. Lives until its environment has ended and no batch is on its way. */
typedef struct {
  napi_env env;
  napi_async_context context;
  napi_ref resource;
  size_t batches;
  bool ended;
} thread_t;

/* One batch on its way. Its buffers are held until it is done. */
typedef struct {
  thread_t *thread;
  napi_deferred deferred;
  napi_ref bytes;
  operation_t *operations;
  union {
    write_batch_t write;
    read_batch_t read;
  };
} batch_t;

static void release_thread(thread_t *thread) {
  if (thread->ended && thread->batches == 0) free(thread);
}

static void end_thread(void *data) {
  thread_t *thread = data;
  thread->ended = true;
  release_thread(thread);
}

static void free_batch(batch_t *batch) {
  thread_t *thread = batch->thread;
  free(batch->operations);
  free(batch);
  thread->batches--;
  release_thread(thread);
}

static napi_value error_of(napi_env env, const char *text) {
  napi_value message, error;
  napi_create_string_utf8(env, text == NULL ? "unknown" : text, NAPI_AUTO_LENGTH, &message);
  napi_create_error(env, NULL, message, &error);
  return error;
}

/* The promise's reactions run when the scope is closed, as after any callback of the event loop. */
typedef struct {
  napi_handle_scope handles;
  napi_callback_scope callback;
} scope_t;

static void open_scope(thread_t *thread, scope_t *scope) {
  napi_value resource;
  napi_open_handle_scope(thread->env, &scope->handles);
  napi_get_reference_value(thread->env, thread->resource, &resource);
  napi_open_callback_scope(thread->env, resource, thread->context, &scope->callback);
}

static void close_scope(thread_t *thread, scope_t *scope) {
  napi_close_callback_scope(thread->env, scope->callback);
  napi_close_handle_scope(thread->env, scope->handles);
}

static void on_written(write_batch_t *done, int status) {
  (void) status;
  batch_t *batch = done->data;
  thread_t *thread = batch->thread;
  /* Nobody hears of it in a thread that ends. */
  if (!thread->ended) {
    napi_env env = thread->env;
    scope_t scope;
    open_scope(thread, &scope);
    if (done->error != NULL) {
      napi_reject_deferred(env, batch->deferred, error_of(env, done->error));
    } else {
      napi_value nothing;
      napi_get_undefined(env, &nothing);
      napi_resolve_deferred(env, batch->deferred, nothing);
    }
    napi_delete_reference(env, batch->bytes);
    library.write_cleanup(done);
    close_scope(thread, &scope);
  } else {
    library.write_cleanup(done);
  }
  free_batch(batch);
}

static bool is_missing(const slice_t *value) {
  return value->data == NULL && value->length == (size_t) -1;
}

/* The values one behind the other, and their lengths: -1 where there is none. */
static napi_value found_values(napi_env env, read_batch_t *done) {
  size_t total = 0;
  for (size_t i = 0; i < done->count; i++) {
    const slice_t *value = &done->operations[i].value;
    if (!is_missing(value)) total += value->length;
  }
  napi_value bytes, lengths, pair;
  char *at = NULL;
  int32_t *length = NULL;
  if (napi_create_arraybuffer(env, total, (void **) &at, &bytes) != napi_ok) return NULL;
  if (napi_create_arraybuffer(env, done->count * sizeof(int32_t), (void **) &length, &lengths) != napi_ok) return NULL;
  for (size_t i = 0; i < done->count; i++) {
    const slice_t *value = &done->operations[i].value;
    if (is_missing(value)) {
      length[i] = -1;
      continue;
    }
    if (value->length > 0) memcpy(at, value->data, value->length);
    at += value->length;
    length[i] = (int32_t) value->length;
  }
  napi_create_array_with_length(env, 2, &pair);
  napi_set_element(env, pair, 0, bytes);
  napi_set_element(env, pair, 1, lengths);
  return pair;
}

static void on_read(read_batch_t *done, int status) {
  (void) status;
  batch_t *batch = done->data;
  thread_t *thread = batch->thread;
  if (!thread->ended) {
    napi_env env = thread->env;
    scope_t scope;
    open_scope(thread, &scope);
    const char *failure = done->errors == NULL && done->count > 0 ? "the read was given up" : NULL;
    for (size_t i = 0; i < done->count && failure == NULL; i++) failure = done->errors[i];
    napi_value values = failure == NULL ? found_values(env, done) : NULL;
    if (values != NULL) {
      napi_resolve_deferred(env, batch->deferred, values);
    } else {
      /* Without a failure there was no memory for the values. */
      napi_value pending;
      napi_get_and_clear_last_exception(env, &pending);
      napi_reject_deferred(env, batch->deferred, error_of(env, failure == NULL ? "cannot allocate memory for the values that were read" : failure));
    }
    napi_delete_reference(env, batch->bytes);
    close_scope(thread, &scope);
  }
  for (size_t i = 0; i < done->count; i++) {
    const slice_t *value = &done->operations[i].value;
    if (done->errors != NULL && done->errors[i] == NULL && !is_missing(value)) free((void *) value->data);
  }
  library.read_cleanup(done);
  free_batch(batch);
}

/* What both calls are given: the handles of the database and its column family, the bytes, and the table of lengths. */
typedef struct {
  void *database;
  void *column_family;
  char *bytes;
  size_t size;
  uint32_t *table;
  size_t words;
} given_t;

static bool given_by(napi_env env, napi_value *arguments, given_t *given) {
  void *family;
  size_t length, offset;
  napi_value buffer;
  napi_typedarray_type type;
  if (napi_get_arraybuffer_info(env, arguments[0], &given->database, &length) != napi_ok) return false;
  if (napi_get_arraybuffer_info(env, arguments[1], &family, &length) != napi_ok || length < sizeof(void *)) return false;
  given->column_family = *(void **) family;
  if (napi_get_typedarray_info(env, arguments[2], &type, &given->size, (void **) &given->bytes, &buffer, &offset) != napi_ok || type != napi_uint8_array) return false;
  return napi_get_typedarray_info(env, arguments[3], &type, &given->words, (void **) &given->table, &buffer, &offset) == napi_ok && type == napi_uint32_array;
}

static batch_t *new_batch(napi_env env, size_t count) {
  thread_t *thread;
  if (napi_get_instance_data(env, (void **) &thread) != napi_ok || thread == NULL) return NULL;
  batch_t *batch = calloc(1, sizeof(batch_t));
  if (batch == NULL) return NULL;
  batch->operations = calloc(count == 0 ? 1 : count, sizeof(operation_t));
  if (batch->operations == NULL) {
    free(batch);
    return NULL;
  }
  batch->thread = thread;
  thread->batches++;
  return batch;
}

static napi_value refuse(napi_env env, batch_t *batch, const char *why) {
  if (batch != NULL) {
    if (batch->bytes != NULL) napi_delete_reference(env, batch->bytes);
    free_batch(batch);
  }
  napi_throw_error(env, NULL, why);
  return NULL;
}

/* write(database, columnFamily, bytes, table): two words for each operation, the kind and length of its key and the length of its value. */
static napi_value write_packed(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value arguments[4];
  given_t given;
  napi_get_cb_info(env, info, &argc, arguments, NULL, NULL);
  if (argc < 4 || !given_by(env, arguments, &given)) return refuse(env, NULL, "write takes two handles, bytes and a table");
  size_t count = given.words / 2;
  batch_t *batch = new_batch(env, count);
  if (batch == NULL) return refuse(env, NULL, "cannot allocate memory for a batch");
  size_t at = 0;
  for (size_t i = 0; i < count; i++) {
    operation_t *operation = &batch->operations[i];
    uint32_t head = given.table[2 * i];
    size_t key = head & LENGTH_MASK, value = given.table[2 * i + 1];
    if (key > given.size - at || value > given.size - at - key) return refuse(env, batch, "the table names more bytes than there are");
    operation->type = (int) (head >> KIND_SHIFT);
    operation->column_family = given.column_family;
    operation->key = (slice_t){given.bytes + at, key};
    operation->value = (slice_t){given.bytes + at + key, value};
    at += key + value;
  }
  if (napi_create_reference(env, arguments[2], 1, &batch->bytes) != napi_ok) return refuse(env, batch, "the bytes cannot be held");
  batch->write.data = batch;
  if (library.write(given.database, &batch->write, batch->operations, count, NULL, on_written) < 0) return refuse(env, batch, "Session is closed");
  napi_value promise;
  napi_create_promise(env, &batch->deferred, &promise);
  return promise;
}

/* read(database, columnFamily, bytes, table, snapshot): one word for each key, its length. */
static napi_value read_packed(napi_env env, napi_callback_info info) {
  size_t argc = 5;
  napi_value arguments[5];
  given_t given;
  napi_get_cb_info(env, info, &argc, arguments, NULL, NULL);
  if (argc < 4 || !given_by(env, arguments, &given)) return refuse(env, NULL, "read takes two handles, bytes, a table and perhaps a snapshot");
  /* The library copies as much as its own struct has, and looks only at what this version names. */
  union {
    read_options_t options;
    char room[ROOM];
  } how = {.options = {.version = 1, .fill_cache = true}};
  napi_valuetype type = napi_undefined;
  if (argc > 4) napi_typeof(env, arguments[4], &type);
  if (type != napi_undefined) {
    size_t length;
    if (napi_get_arraybuffer_info(env, arguments[4], &how.options.snapshot, &length) != napi_ok) return refuse(env, NULL, "the snapshot is no handle");
  }
  batch_t *batch = new_batch(env, given.words);
  if (batch == NULL) return refuse(env, NULL, "cannot allocate memory for a batch");
  size_t at = 0;
  for (size_t i = 0; i < given.words; i++) {
    operation_t *operation = &batch->operations[i];
    size_t key = given.table[i];
    if (key > given.size - at) return refuse(env, batch, "the table names more bytes than there are");
    operation->type = GET;
    operation->column_family = given.column_family;
    operation->key = (slice_t){given.bytes + at, key};
    at += key;
  }
  if (napi_create_reference(env, arguments[2], 1, &batch->bytes) != napi_ok) return refuse(env, batch, "the bytes cannot be held");
  batch->read.data = batch;
  if (library.read(given.database, &batch->read, batch->operations, given.words, &how.options, on_read) < 0) return refuse(env, batch, "Session is closed");
  napi_value promise;
  napi_create_promise(env, &batch->deferred, &promise);
  return promise;
}

/* connect(path of rocksdb-native.node, which is loaded): whether the functions that this addon calls are there. */
static napi_value connect_library(napi_env env, napi_callback_info info) {
  size_t argc = 1, length = 0;
  napi_value path, result;
  char text[4096] = "";
  napi_get_cb_info(env, info, &argc, &path, NULL, NULL);
  if (argc == 1) napi_get_value_string_utf8(env, path, text, sizeof text, &length);
  void *handle = dlopen(text, RTLD_LAZY | RTLD_NOLOAD);
  if (handle != NULL) {
    library.write = (write_fn) dlsym(handle, "rocksdb_write");
    library.write_cleanup = (write_cleanup_fn) dlsym(handle, "rocksdb_write_cleanup");
    library.read = (read_fn) dlsym(handle, "rocksdb_read");
    library.read_cleanup = (read_cleanup_fn) dlsym(handle, "rocksdb_read_cleanup");
  }
  bool found = library.write != NULL && library.write_cleanup != NULL && library.read != NULL && library.read_cleanup != NULL;
  napi_get_boolean(env, found, &result);
  return result;
}

NAPI_MODULE_INIT() {
  thread_t *thread = calloc(1, sizeof(thread_t));
  if (thread == NULL) return NULL;
  napi_value name, resource;
  thread->env = env;
  napi_create_string_utf8(env, "millrace:rocksdb", NAPI_AUTO_LENGTH, &name);
  napi_create_object(env, &resource);
  napi_create_reference(env, resource, 1, &thread->resource);
  napi_async_init(env, resource, name, &thread->context);
  napi_set_instance_data(env, thread, NULL, NULL);
  napi_add_env_cleanup_hook(env, end_thread, thread);
  napi_property_descriptor functions[] = {
    {"connect", NULL, connect_library, NULL, NULL, NULL, napi_enumerable, NULL},
    {"read", NULL, read_packed, NULL, NULL, NULL, napi_enumerable, NULL},
    {"write", NULL, write_packed, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof functions / sizeof functions[0], functions);
  return exports;
}
