// The cookie banner. Nothing is stored and nothing optional runs before a choice; a choice counts at once, whatever
// the network does; nothing that goes wrong in here reaches the page.
(function (site, style) {
  'use strict'

  const NAME = `consent_${site.key}`
  const BEGUN = Symbol.for('consent')
  const DAY = 86400
  const UUID = /^[\da-f-]{36}$/
  const WAITING = 'script[type="text/plain"][data-category]'
  const EMBEDDED = '[data-category][data-src]:not(script)'
  const OPENER = '[data-consent-open]'
  const SIGNALS = {
    ad_storage: 'marketing',
    ad_user_data: 'marketing',
    ad_personalization: 'marketing',
    analytics_storage: 'statistics',
    functionality_storage: 'preferences',
    personalization_storage: 'preferences',
    security_storage: 'necessary',
  }
  // The texts come without an order.
  const COLUMNS = ['name', 'provider', 'purpose', 'lifetime']
  // What our host calls a record that it will never take. Any other refusal may be gone at the next page load.
  const NEVER = /_(unknown|missing|refused|mismatch|invalid)$|^too_many$/
  // So long, in milliseconds, one thing waits for another that the network has to bring.
  const PATIENCE = 4000

  // Not document.currentScript, which <img name="currentScript"> in the page would be.
  const me = Reflect.get(Document.prototype, 'currentScript', document)
  const preview = me?.hasAttribute('data-preview') ?? false
  const gpc = navigator.globalPrivacyControl === true
  const optional = site.categories.filter((category) => category !== 'necessary')

  // {id, v: version, c: granted, g: under GPC, t: when, s: sent, k: last check, b: what is still to be sent}
  let choice = null
  // The newest that this page has heard of: another tab may have a later banner.
  let version = site.version
  let running = []
  let sending = Promise.resolve()

  // The choice

  const seconds = () => Math.floor(Date.now() / 1000)
  // A yes to marketing that was given without the signal does not stand against it.
  const isOverruled = () => gpc && !choice.g && choice.c.includes('marketing')
  const isDue = () => !isSettled() || isOverruled()

  function isSettled() {
    if (choice?.v !== version) return false
    const age = seconds() - choice.t
    // From the future: the clock was set back, and would keep the choice for too long.
    return age > -60 && age < site.days * DAY
  }

  function isGranted(category) {
    if (category === 'necessary') return true
    return isSettled() && choice.c.includes(category) && !(category === 'marketing' && isOverruled())
  }

  const answers = (granted) => {
    const pairs = site.categories.map((category) => [category, granted.includes(category)])
    return Object.fromEntries(pairs)
  }
  const describe = (action) => ({ site: site.key, version: choice.v, categories: answers(running), gpc, action })

  // Holds from here on, before anybody else hears of it.
  function decide(action, granted) {
    const categories = answers(['necessary', ...granted])
    const body = { banner: site.banner, language: ui.texts.language, action, categories, gpc, shown: [...shown] }
    const now = seconds()
    version = site.version
    choice = { id: choice?.id ?? newId(), v: site.version, c: granted, g: gpc ? 1 : 0, t: now, s: 0, k: now, b: body }
    shown.clear()
    write(choice)
    tellTabs(action)
    send()
    return apply(action).then(returnFocus)
  }

  // What the record says can only take away: a network that errs, or lies, never grants anything.
  function narrow(said, answer, action) {
    const left = said.c.filter((category) => answer.categories[category] !== false)
    if (answer.gpc) said.g = 1
    if (left.length === said.c.length) return
    said.c = left
    rewrite(said)
    apply(action)
    tellTabs(action)
  }

  // Takes over what was chosen in another tab.
  function adopt(action) {
    const stored = read()
    if (preview || !stored) return
    const essence = ({ id, v, t, g, c }) => `${[id, v, t, g, c]}`
    if (choice && essence(choice) === essence(stored)) {
      choice.k = stored.k
      return
    }
    choice = stored
    version = Math.max(version, stored.v)
    apply(action)
  }

  // The cookie that keeps it

  function pairs() {
    try {
      return document.cookie.split('; ').map((pair) => pair.split(/=(.*)/s))
    } catch {
      return []
    }
  }

  function read() {
    const found = pairs().filter(([name]) => name === NAME).map(([, value]) => parse(value)).filter(Boolean)
    return found.reduce((newest, said) => (newest?.t >= said.t ? newest : said), null)
  }

  function parse(value) {
    try {
      const said = JSON.parse(decodeURIComponent(value))
      return UUID.test(said.id) && said.v > 0 && said.t > 0 && Array.isArray(said.c) ? said : null
    } catch {
      return null
    }
  }

  function write(said) {
    if (preview) return
    const domain = `.${location.hostname}`.endsWith(`.${site.domain}`) ? site.domain : ''
    setCookie(NAME, encodeURIComponent(JSON.stringify(said)), said.t + site.days * DAY - seconds(), domain)
  }

  // For what is no new choice: one that another tab has written since stays.
  function rewrite(said) {
    if (choice === said && (read() ?? said).t === said.t) write(said)
  }

  function setCookie(name, value, age, domain) {
    const secure = location.protocol === 'https:' ? '; Secure' : ''
    const where = domain ? `; domain=${domain}` : ''
    try {
      document.cookie = `${name}=${value}; path=/; max-age=${age}; SameSite=Lax${where}${secure}`
    } catch {
      // Cookies are blocked: the choice holds for this page view.
    }
  }

  // A random UUID. crypto.randomUUID is missing where the page came by plain http.
  function newId() {
    const bytes = [...crypto.getRandomValues(new Uint8Array(16))]
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
    return hex.replace(/(.{8})(.{4}).(.{3}).(.{3})/, '$1-$2-4$3-a$4-')
  }

  // The record of it

  function send() {
    const said = choice
    if (preview || !said?.b) return
    // One after the other: what was said last is recorded last.
    sending = sending.then(guard(() => post(said)))
  }

  async function post(said, isRenamed) {
    // What arrives late must not undo what was said since, elsewhere or here.
    const age = Math.max(0, seconds() - said.t)
    const body = JSON.stringify({ consent: said.id, ...said.b, age })
    const signal = AbortSignal.timeout?.(PATIENCE)
    const request = { method: 'POST', body, keepalive: true, credentials: 'include', signal }
    const answer = await fetch(`${site.url}consent`, request)
    const told = await answer.json()
    if (answer.status === 409 && !isRenamed) {
      // Another site has this id already.
      said.id = newId()
      rewrite(said)
      return post(said, true)
    }
    if (!answer.ok && !NEVER.test(told.code)) return
    said.s = answer.ok ? 1 : 0
    delete said.b
    if (answer.ok && choice === said) narrow(said, told, '')
    rewrite(said)
  }

  async function recheck() {
    const said = choice
    if (preview || !isSettled() || !said.s || !said.c.length) return
    const age = seconds() - said.k
    if (age >= 0 && age < site.recheck) return
    said.k = seconds()
    rewrite(said)
    const answer = await fetch(`${site.url}consent/${said.id}`, { cache: 'no-store' })
    if (!answer.ok) return
    const newest = await answer.json()
    if (choice === said) narrow(said, newest, newest.action)
  }

  // Other tabs

  let tabs = null

  function hearTabs() {
    tabs = new BroadcastChannel(`consent:${site.key}`)
    tabs.onmessage = guard((message) => adopt(String(message.data)))
  }

  function tellTabs(action) {
    if (!preview) tabs?.postMessage(action)
  }

  function lookAgain() {
    if (document.visibilityState !== 'visible') return
    adopt('')
    return recheck()
  }

  // What it sets going and stops

  // {script: as it was marked, copy: that runs, isComing: has still to be fetched, holds: the next has to wait for it}
  let started = []
  const embedded = new WeakSet()

  function apply(action) {
    running = site.categories.filter(isGranted)
    signal('update')
    takeEffect(action)
    closeLayers()
    return showWhatIsDue()
  }

  function takeEffect(action) {
    if (choice) for (const category of optional) if (!running.includes(category)) withdraw(category)
    release()
    if (isSettled()) window.dispatchEvent(new CustomEvent('consent:change', { detail: describe(action) }))
  }

  function release() {
    document.querySelectorAll(EMBEDDED).forEach(guard(embed))
    document.querySelectorAll(WAITING).forEach(guard(start))
  }

  function embed(element) {
    const wanted = running.includes(element.dataset.category)
    if (wanted === embedded.has(element)) return
    if (wanted) {
      // A javascript: URL would run in the page.
      if (!new URL(element.dataset.src, document.baseURI).protocol.startsWith('http')) return
      embedded.add(element)
      element.setAttribute('src', element.dataset.src)
    } else {
      embedded.delete(element)
      element.removeAttribute('src')
      // An <iframe> keeps its document until it is put in anew.
      element.replaceWith(element)
    }
  }

  // Those of a category keep the order of the document, as scripts do that the parser meets.
  function start(script) {
    const { category } = script.dataset
    if (!running.includes(category) || !script.isConnected) return
    // Under a policy ours would let in what somebody has slipped into the page.
    if (me?.nonce && me.nonce !== script.nonce) return
    if (started.some(({ copy, holds }) => holds && copy.dataset.category === category)) return
    const copy = runnable(script)
    const isComing = copy.src !== ''
    const one = { script, copy, isComing, holds: isComing && !copy.async }
    const goOn = () => {
      one.holds = false
      release()
    }
    const arrive = guard(() => {
      one.isComing = false
      if (started.includes(one)) return goOn()
      // Withdrawn meanwhile, and it ran all the same.
      guard(stop)(one)
      guard(forget)(category)
    })
    copy.addEventListener('load', arrive)
    copy.addEventListener('error', arrive)
    if (one.holds) setTimeout(guard(goOn), PATIENCE)
    started.push(one)
    script.replaceWith(copy)
  }

  function runnable(script) {
    const copy = document.createElement('script')
    for (const { name, value } of script.attributes) copy.setAttribute(name, value)
    copy.text = script.text
    copy.type = script.dataset.type ?? 'text/javascript'
    copy.async = script.hasAttribute('async')
    // Under a policy the attribute is empty.
    copy.nonce = script.nonce
    return copy
  }

  function withdraw(category) {
    const stopped = started.filter(({ copy }) => copy.dataset.category === category)
    started = started.filter((one) => !stopped.includes(one))
    stopped.forEach(guard(stop))
    guard(forget)(category)
  }

  function stop({ script, copy, isComing }) {
    if (isComing) copy.replaceWith(script)
    // One that is on its way would run without a place in the page too, but not in another document.
    new Document().adoptNode(copy)
    if (!isComing && copy.dataset.stop) call(copy.dataset.stop)
  }

  function call(path) {
    const names = path.split('.')
    const last = names.pop()
    return names.reduce((owner, name) => owner[name], window)[last]()
  }

  // Deletes what the category is known to keep in the browser.
  function forget(category) {
    const patterns = (site.cookies[category] ?? []).map(pattern)
    const isKnown = (name) => name !== NAME && patterns.some((known) => known.test(name))
    for (const [name] of pairs()) if (isKnown(name)) for (const domain of domains()) setCookie(name, '', 0, domain)
    for (const kept of [localStorage, sessionStorage]) {
      for (const name of Object.keys(kept)) if (isKnown(name)) kept.removeItem(name)
    }
  }

  function pattern(name) {
    return new RegExp(`^${name.replace(/\W/g, (sign) => (sign === '*' ? '.*' : `\\${sign}`))}$`)
  }

  function domains() {
    const labels = location.hostname.split('.')
    return ['', ...labels.map((_, first) => labels.slice(first).join('.'))]
  }

  // Google's Consent Mode, version 2
  function signal(command) {
    if (!site.consentMode) return
    const isUpdate = command === 'update'
    const signals = {}
    for (const [name, category] of Object.entries(SIGNALS)) {
      signals[name] = category === 'necessary' || (isUpdate && isGranted(category)) ? 'granted' : 'denied'
    }
    if (!isUpdate) signals.wait_for_update = 500
    gtag('consent', command, signals)
  }

  // Google's scripts take an arguments object and no array.
  function gtag() {
    window.dataLayer ??= []
    window.dataLayer.push(arguments)
  }

  // What the person sees

  // Blocks of text on the screen since the last choice
  const shown = new Set()
  let building, ui

  const hasOpener = () => document.querySelector(OPENER) !== null

  // "no" and "nn" are served in Bokmål where the site has no Nynorsk.
  function language() {
    const primary = (tag) => tag.toLowerCase().split(/[-_]/)[0].replace(/^n[no]$/, 'nb')
    for (const wanted of [me?.dataset.language, document.documentElement.lang, ...navigator.languages]) {
      if (!wanted) continue
      const found =
        site.languages.find((tag) => tag.toLowerCase() === wanted.toLowerCase()) ??
        site.languages.find((tag) => primary(tag) === primary(wanted))
      if (found) return found
    }
    return site.languages[0]
  }

  function prepare() {
    building ??= fetchTexts().then(build)
    building.catch(() => (building = undefined))
    return building
  }

  async function fetchTexts() {
    const answer = await fetch(`${site.url}texts/${site.banner}/${language()}.json`, { credentials: 'omit' })
    if (!answer.ok) throw new Error(`texts: ${answer.status}`)
    return answer.json()
  }

  function build(texts) {
    const spoken = { lang: texts.language, dir: texts.direction }
    const host = make('div', { id: `consent-${site.key}` })
    const root = host.attachShadow({ mode: 'open' })
    const first = make('dialog', { className: 'first', 'aria-labelledby': 'title', ...spoken })
    const details = make('dialog', { className: 'details', 'aria-labelledby': 'heading', ...spoken })
    const reopen = button('reopen', texts.reopen, openDetails)
    const corner = make('section', { className: 'corner', 'aria-label': texts.reopen, hidden: true, ...spoken }, reopen)
    details.addEventListener('close', guard(() => showWhatIsDue().then(returnFocus)))
    dress(root)
    root.append(first, details, corner)
    ui = { texts, host, root, first, details, corner }
    place()
    return ui
  }

  // Before <body>: the first to be reached by Tab, and kept where the body is swapped.
  function place() {
    document.documentElement.insertBefore(ui.host, document.body)
  }

  function dress(root) {
    const look = ([brand, ink]) => `:host { --brand: ${brand}; --on-brand: ${ink} }`
    const css = `${look(site.look.light)} @media (prefers-color-scheme: dark) { ${look(site.look.dark)} } ${style}`
    try {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(css)
      root.adoptedStyleSheets = [sheet]
    } catch {
      root.append(make('style', { nonce: me?.nonce ?? '', textContent: css }))
    }
  }

  const showWhatIsDue = guard(async () => {
    if (!building && !isDue() && hasOpener()) return
    const { first, details, corner } = await prepare()
    const due = isDue()
    if (due && !first.open && !details.open) showFirst()
    if (!due) first.open = false
    corner.hidden = due || hasOpener()
  })

  // Not by show(), which would take the focus from the page.
  function showFirst() {
    const { texts, first } = ui
    first.replaceChildren(
      make('h2', { id: 'title' }, texts.title),
      make('p', {}, texts.text),
      ...notes(texts),
      links(texts),
      make('div', { className: 'actions' }, equals(texts), button('plain', texts.details, openDetails)),
    )
    shown.add('banner')
    first.open = true
  }

  async function openDetails() {
    const tooLate = new Promise((_, reject) => setTimeout(reject, PATIENCE))
    const { texts, first, details } = await Promise.race([prepare(), tooLate])
    if (details.open) return
    if (!ui.host.isConnected) place()
    details.replaceChildren(
      make(
        'header',
        {},
        make('h2', { id: 'heading' }, texts.details),
        button('close', '\u00d7', close, { 'aria-label': texts.close }),
      ),
      ...notes(texts),
      ...site.categories.map((category) => part(category, texts)),
      links(texts),
      make('div', { className: 'actions' }, equals(texts), button('save', texts.save, save)),
    )
    shown.add('details')
    first.open = false
    details.showModal()
    details.scrollTop = 0
  }

  function close() {
    ui.details.close()
  }

  function closeLayers() {
    if (!ui) return
    ui.first.open = false
    close()
  }

  // The browser gives it back to what had it before the details; not to what the banner has taken away itself.
  function returnFocus() {
    if (![document.body, ui.host].includes(document.activeElement)) return
    ui.root.querySelector('[open] .plain, section:not([hidden]) button')?.focus()
  }

  function notes(texts) {
    const due = []
    if (choice && choice.v !== version) due.push('changed')
    if (gpc) due.push('gpc')
    for (const block of due) shown.add(block)
    if (gpc && isGranted('marketing')) due.push('gpc_kept')
    return due.map((block) => make('p', { className: 'note' }, texts[block]))
  }

  // The same in size, place and look.
  function equals(texts) {
    const all = optional.filter((category) => !(gpc && category === 'marketing'))
    return make(
      'div',
      { className: 'equals' },
      button('equal', gpc ? texts.accept_gpc : texts.accept, () => decide('accept_all', all)),
      button('equal', texts.refuse, () => decide('refuse_all', [])),
    )
  }

  function save() {
    const checked = ui.details.querySelectorAll('input:checked')
    decide('save', [...checked].map((input) => input.name))
  }

  function part(category, texts) {
    const { name, description, cookies } = texts.categories[category]
    const about = `about-${category}`
    const head =
      category === 'necessary'
        ? make('p', { className: 'name' }, make('span', {}, name), make('span', { className: 'state' }, texts.always_on))
        : make('label', { className: 'name' }, make('span', {}, name), ...toggle(category, about, texts))
    const table = cookies.length ? cookieTable(cookies, texts.table) : ''
    return make('div', { className: 'part' }, head, make('p', { id: about }, description), table)
  }

  // The browser says the state to those who hear it; the words are for those who see it.
  function toggle(category, about, { on, off }) {
    const known = { type: 'checkbox', role: 'switch', name: category, checked: isGranted(category) }
    const state = (className, word) => make('span', { className: `state ${className}`, 'aria-hidden': 'true' }, word)
    return [make('input', { ...known, 'aria-describedby': about }), state('on', on), state('off', off)]
  }

  function cookieTable(cookies, columns) {
    const names = cookies.flatMap((cookie) => [', ', make('bdi', {}, cookie.name)]).slice(1)
    const rows = cookies.map((cookie) => COLUMNS.map((key) => cell(columns[key], cookie[key])))
    return make('details', {}, make('summary', {}, ...names), ...rows.map((cells) => make('dl', {}, ...cells)))
  }

  function cell(label, text) {
    return make('div', {}, make('dt', {}, label), make('dd', {}, make('bdi', {}, text)))
  }

  function links(texts) {
    const found = []
    if (texts.notice_url) found.push(make('a', { href: texts.notice_url }, texts.notice))
    if (choice?.s) found.push(make('a', { href: `${site.url}${choice.id}/` }, texts.record))
    return found.length ? make('p', { className: 'links' }, ...found) : ''
  }

  function button(className, label, act, attributes) {
    return make('button', { type: 'button', className, onclick: guard(act), ...attributes }, label)
  }

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) {
      if (name in element) element[name] = value
      else element.setAttribute(name, value)
    }
    element.append(...children)
    return element
  }

  // Where it begins

  // An error in here is ours to tell of, not the page's to catch.
  function guard(act) {
    return async (...given) => {
      try {
        return await act(...given)
      } catch (error) {
        console.warn(NAME, error)
      }
    }
  }

  async function onClick(event) {
    const from = event.composedPath().find((node) => node.matches?.(OPENER))
    if (!from || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    // Not every browser does so at a click, and then could not give it back.
    from.focus()
    try {
      await openDetails()
    } catch {
      // The page that needs no script
      if (from.href) location.assign(from.href)
    }
  }

  let looking
  function onMutation() {
    looking ??= setTimeout(guard(afterMutation), 50)
  }

  function afterMutation() {
    looking = undefined
    release()
    if (!ui) return
    if (!ui.host.isConnected) place()
    ui.corner.hidden = isDue() || hasOpener()
  }

  // Not before the page is parsed: half a script must not be taken for a whole one.
  function onParsed() {
    takeEffect('')
    showWhatIsDue()
    send()
    guard(recheck)()
    guard(hearTabs)()
    new MutationObserver(guard(onMutation)).observe(document, { childList: true, subtree: true })
    document.addEventListener('click', guard(onClick), true)
    document.addEventListener('visibilitychange', guard(lookAgain))
    window.addEventListener('pageshow', guard(lookAgain))
  }

  function begin() {
    // Not by window.consent, which <form id="consent"> in the page would be.
    if (window[BEGUN]) return
    window[BEGUN] = true
    choice = preview ? null : read()
    running = site.categories.filter(isGranted)
    signal('default')
    if (isSettled()) signal('update')
    window.consent = {
      site: site.key,
      get: () => (isSettled() ? describe('') : null),
      open: guard(openDetails),
    }
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', guard(onParsed))
    else onParsed()
  }

  guard(begin)()
})
