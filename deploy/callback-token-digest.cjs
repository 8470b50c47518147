'use strict'

// The digest of the callback token: of this shell where it is set here, else the parameter's. Commands that deploy nothing, such
// as `remove` and `logs`, do without; deploy/settings-check.cjs stops those that do.

module.exports = async ({ resolveVariable }) => {
  const { CALLBACK_TOKEN_SHA256: ofThisShell } = process.env
  if (ofThisShell) return ofThisShell
  const prefix = await resolveVariable('self:custom.tablePrefix')
  try {
    return await resolveVariable(`ssm:/${prefix}/CALLBACK_TOKEN_SHA256, 'not-put'`)
  } catch (error) {
    if (error.code === 'MISSING_VARIABLE_DEPENDENCY') throw error
    return 'not-read'
  }
}
