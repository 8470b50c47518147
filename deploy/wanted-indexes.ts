// An index that names a setting in `MadeWith` is made only where that is set (deploy/tables.yml).

interface Keys {
  readonly KeySchema: readonly { readonly AttributeName: string }[]
}

interface Index extends Keys {
  readonly MadeWith?: string | undefined
}

/** A table as deploy/tables.yml declares it. */
interface Table extends Keys {
  readonly AttributeDefinitions: readonly { readonly AttributeName: string }[]
  readonly GlobalSecondaryIndexes?: readonly Index[] | undefined
}

/**
 * The table without the indexes whose setting is empty or `off`, and without the attributes that only they have, which DynamoDB would
 * refuse.
 *
 * @param valueOf - the value of the setting that `MadeWith` names. Default: it is there already.
 */
export function withWantedIndexes<T extends Table>(table: T, valueOf = (setting: string) => setting): T {
  const { GlobalSecondaryIndexes: declared, AttributeDefinitions } = table
  if (declared === undefined) return table
  const wanted = declared.filter(
    ({ MadeWith }) => MadeWith === undefined || !['', 'off'].includes(valueOf(MadeWith)),
  )
  const keys = new Set(
    [table, ...wanted].flatMap(({ KeySchema }) => KeySchema.map(({ AttributeName }) => AttributeName)),
  )
  return {
    ...table,
    AttributeDefinitions: AttributeDefinitions.filter(({ AttributeName }) => keys.has(AttributeName)),
    GlobalSecondaryIndexes:
      wanted.length === 0 ? undefined : wanted.map((index) => ({ ...index, MadeWith: undefined })),
  }
}

interface Template {
  readonly Resources: Readonly<Record<string, { readonly Properties: Table }>>
}

/** The template of a stack of tables, each {@link withWantedIndexes}. */
// Loaded by deploy/data-stack.cjs, which the check for unused exports does not see.
// ts-unused-exports:disable-next-line
export function wantedTemplate<T extends Template>(template: T): T {
  const tables = Object.entries(template.Resources).map(([id, { Properties, ...resource }]) => [
    id,
    { ...resource, Properties: withWantedIndexes(Properties) },
  ])
  return { ...template, Resources: Object.fromEntries(tables) as T['Resources'] }
}
