'use strict'
// kafkajs is an optional peer dependency. A `require` in `try` is the one form in which a missing package is no error at import, and
// which bundlers nevertheless follow.
exports.kafkajs = undefined
exports.failure = undefined
try {
  exports.kafkajs = require('kafkajs')
} catch (error) {
  exports.failure = error
}
