import { rename, rm, writeFile } from 'node:fs/promises'
import { fileWriter, ParquetWriter, schemaFromColumnData, type BasicType } from 'hyparquet-writer'
import { exportColumns, exportedRow, type ExportedCell, type ExportedType } from './export-row.ts'
import type { ExportOutput } from './text-output.ts'

/** Mails of one row group, which is held until it is full: some 50 MB of them, and a hundred groups of a million. */
const rowsInGroup = 10_000

const types: Readonly<Record<ExportedType, BasicType>> = {
  text: 'STRING',
  instant: 'TIMESTAMP',
  count: 'INT32',
}

/**
 * Writes a Parquet file. Its last bytes say where everything is, so it cannot be continued: it stands beside its place until it is
 * whole, and is removed if that does not come to be.
 */
export async function parquetFile(file: string): Promise<ExportOutput> {
  const unfinished = `${file}.new`
  // The writer keeps the mode of a file that exists.
  await rm(unfinished, { force: true })
  await writeFile(unfinished, '', { mode: 0o600 })
  const writer = fileWriter(unfinished)
  const parquet = new ParquetWriter({ writer, schema: schemaFromColumnData({ columnData: columnsOf([]) }) })
  let held: (readonly ExportedCell[])[] = []
  const flush = async () => {
    await parquet.write({ columnData: columnsOf(held), rowGroupSize: rowsInGroup })
    held = []
  }
  return {
    async write(mails) {
      for (const mail of mails) {
        held.push(exportedRow(mail))
        if (held.length >= rowsInGroup) await flush()
      }
    },
    bytes: () => writer.offset,
    async close(isWhole) {
      if (!isWhole) {
        await rm(unfinished, { force: true })
        return
      }
      if (held.length > 0) await flush()
      await parquet.finish()
      await rename(unfinished, file)
    },
  }
}

function columnsOf(rows: readonly (readonly ExportedCell[])[]) {
  return exportColumns.map(({ name, type }, place) => ({
    name,
    type: types[type],
    data: rows.map((row) => {
      const cell = row[place] ?? null
      return type === 'instant' && typeof cell === 'number' ? new Date(cell) : cell
    }),
  }))
}
