'use strict'

// The digests of the tokens of callbacks and of the query API: of this shell where they are set here, else the parameters'. Commands that deploy nothing,
// such as `remove` and `logs`, do without; deploy/settings-check.cjs stops those that do. Of a path's own token an empty variable says
// that there is none.

const digestOf =
  (setting, otherwise) =>
  async ({ resolveVariable }) => {
    const { [setting]: ofThisShell } = process.env
    if (ofThisShell || (ofThisShell === '' && otherwise === '')) return ofThisShell
    const prefix = await resolveVariable('self:custom.tablePrefix')
    try {
      return await resolveVariable(`ssm:/${prefix}/${setting}, '${otherwise}'`)
    } catch (error) {
      if (error.code === 'MISSING_VARIABLE_DEPENDENCY') throw error
      return 'not-read'
    }
  }

/** Nobody is asked for that of the query API where it is off. */
const ofQuery = async (variables) =>
  (await variables.resolveVariable('param:queryApi')) === 'on'
    ? digestOf('QUERY_TOKEN_SHA256', 'not-put')(variables)
    : ''

module.exports = {
  ofAll: digestOf('CALLBACK_TOKEN_SHA256', 'not-put'),
  ofTencentSes: digestOf('CALLBACK_TOKEN_SHA256_TENCENT_SES', ''),
  ofSendCloud: digestOf('CALLBACK_TOKEN_SHA256_SENDCLOUD', ''),
  ofSent: digestOf('CALLBACK_TOKEN_SHA256_SENT', ''),
  ofQuery,
}
