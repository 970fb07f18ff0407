/** What `addon/load.cjs` finds. */
declare module '#packed-batches' {
  export interface PackedBatches {
    /**
     * @param bytes the key and the value of each operation, one behind the other; they must stay as they are until it is done
     * @param table two words for each: the kind in the two highest bits and the length of the key; the length of the value
     */
    write(database: ArrayBuffer, columnFamily: ArrayBuffer, bytes: Uint8Array, table: Uint32Array): Promise<void>
    /**
     * @param bytes the keys, one behind the other; they must stay as they are until it is done
     * @param table the length of each
     * @returns the values one behind the other, and their lengths, an Int32Array with -1 where there is none
     */
    read(
      database: ArrayBuffer,
      columnFamily: ArrayBuffer,
      bytes: Uint8Array,
      table: Uint32Array,
      snapshot: ArrayBuffer | undefined,
    ): Promise<readonly [values: ArrayBuffer, lengths: ArrayBuffer]>
  }

  const addon: PackedBatches | undefined
  export default addon
}
