import { rename, rm, writeFile } from 'node:fs/promises'
import { fileWriter, ParquetWriter, schemaFromColumnData, type BasicType } from 'hyparquet-writer'
import { exportColumns, exportedRow, type ExportedCell, type ExportedType } from './export-row.ts'
import type { ExportOutput } from './text-output.ts'

/** Mails of one row group, which is held until it is full: a hundred groups of a million. Of mails with large columns fewer. */
const rowsInGroup = 10_000
const charactersInGroup = 16 * 1024 * 1024

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
  let characters = 0
  const flush = async () => {
    await parquet.write({ columnData: columnsOf(held), rowGroupSize: rowsInGroup })
    held = []
    characters = 0
  }
  return {
    async write(mails) {
      for (const mail of mails) {
        const row = exportedRow(mail)
        held.push(row)
        characters += row.reduce<number>((sum, cell) => sum + (typeof cell === 'string' ? cell.length : 8), 0)
        if (held.length >= rowsInGroup || characters >= charactersInGroup) await flush()
      }
    },
    bytes: () => writer.offset,
    async close(isWhole) {
      if (!isWhole) {
        await rm(unfinished, { force: true })
        return
      }
      try {
        if (held.length > 0) await flush()
        await parquet.finish()
        await rename(unfinished, file)
      } catch (error) {
        await rm(unfinished, { force: true })
        throw error
      }
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
