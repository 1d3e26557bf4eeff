use super::*;
use crate::probe::{Hint, Role, Verdict};
use crate::testkit::Dialogue;
use proptest::prelude::*;

fn tlv(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match body.len() {
        n @ 0..=127 => out.push(n as u8),
        n => out.extend([0x82, (n >> 8) as u8, n as u8]),
    }
    out.extend(body);
    out
}

/// A value with two identifier octets.
fn high(first: u8, number: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    out.extend(tlv(number, body));
    out
}

fn cat(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.concat()
}

/// A data TPDU in its TPKT.
fn tpdu(last: bool, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![3, 0];
    out.extend(((payload.len() + 7) as u16).to_be_bytes());
    out.extend([2, 0xf0, if last { 0x80 } else { 0 }]);
    out.extend(payload);
    out
}

fn presented(context: u8, value: &[u8]) -> Vec<u8> {
    tlv(0x61, &tlv(0x30, &cat(&[tlv(2, &[context]), tlv(0xa0, value)])))
}

/// An MMS PDU in data of session and presentation.
fn data(pdu: &[u8]) -> Vec<u8> {
    tpdu(true, &[&[1, 0, 1, 0][..], &presented(3, pdu)].concat())
}

fn request(id: u8, service: &[u8]) -> Vec<u8> {
    data(&tlv(0xa0, &[&tlv(2, &[id])[..], service].concat()))
}

fn response(id: u8, service: &[u8]) -> Vec<u8> {
    data(&tlv(0xa1, &[&tlv(2, &[id])[..], service].concat()))
}

fn error(id: u8, class: u8, code: u8) -> Vec<u8> {
    let service = tlv(0xa2, &tlv(0xa0, &tlv(0x80 | class, &[code])));
    data(&tlv(0xa2, &cat(&[tlv(0x80, &[id]), service])))
}

fn initiate(tag: u8) -> Vec<u8> {
    let detail = tlv(0xa4, &cat(&[tlv(0x80, &[1]), tlv(0x81, &[5, 0xf1, 0]), tlv(0x82, &[3, 0xee, 0x1c])]));
    tlv(tag, &cat(&[tlv(0x80, &[0, 0xfd, 0xe8]), tlv(0x81, &[5]), tlv(0x82, &[5]), tlv(0x83, &[10]), detail]))
}

const CONTEXT: &[u8] = &[0x28, 0xca, 0x22, 2, 3];

fn information(pdu: &[u8]) -> Vec<u8> {
    tlv(0xbe, &tlv(0x28, &cat(&[tlv(2, &[3]), tlv(0xa0, pdu)])))
}

/// Session connect or accept with presentation, association control and an MMS PDU.
fn associate(si: u8, acse: &[u8]) -> Vec<u8> {
    let ppdu = tlv(0x31, &cat(&[tlv(0xa0, &tlv(0x80, &[1])), tlv(0xa2, &presented(1, acse))]));
    let user = [&[0xc1, 0xff][..], &(ppdu.len() as u16).to_be_bytes(), &ppdu].concat();
    let body = [&[0x14, 2, 0, 2][..], &user].concat();
    let spdu = [&[si, 0xff][..], &(body.len() as u16).to_be_bytes(), &body].concat();
    tpdu(true, &spdu)
}

fn aarq(password: Option<&[u8]>) -> Vec<u8> {
    let mut parts = vec![
        tlv(0xa1, &tlv(6, CONTEXT)),
        tlv(0xa2, &tlv(6, &[0x29, 1, 0x87, 0x67, 1])),
        tlv(0xa6, &tlv(6, &[0x29, 1, 0x87, 0x67])),
    ];
    if let Some(password) = password {
        parts.push(tlv(0x8b, &[0x52, 3, 1]));
        parts.push(tlv(0xac, &tlv(0x80, password)));
    }
    parts.push(information(&initiate(0xa8)));
    associate(0x0d, &tlv(0x60, &cat(&parts)))
}

fn aare(result: u8, diagnostic: u8) -> Vec<u8> {
    let mut parts = vec![
        tlv(0xa1, &tlv(6, CONTEXT)),
        tlv(0xa2, &tlv(2, &[result])),
        tlv(0xa3, &tlv(0xa1, &tlv(2, &[diagnostic]))),
    ];
    if result == 0 {
        parts.push(information(&initiate(0xa9)));
    }
    associate(0x0e, &tlv(0x61, &cat(&parts)))
}

fn name(domain: &str, item: &str) -> Vec<u8> {
    tlv(0xa1, &cat(&[tlv(0x1a, domain.as_bytes()), tlv(0x1a, item.as_bytes())]))
}

/// A list of variables by name.
fn list(names: &[Vec<u8>]) -> Vec<u8> {
    let variables: Vec<Vec<u8>> = names.iter().map(|n| tlv(0x30, &tlv(0xa0, n))).collect();
    tlv(0xa0, &cat(&variables))
}

fn read(id: u8, names: &[Vec<u8>]) -> Vec<u8> {
    request(id, &tlv(0xa4, &tlv(0xa1, &list(names))))
}

fn write(id: u8, names: &[Vec<u8>], values: &[Vec<u8>]) -> Vec<u8> {
    request(id, &tlv(0xa5, &cat(&[list(names), tlv(0xa0, &cat(values))])))
}

fn one(item: &str, value: &[u8]) -> Vec<u8> {
    write(1, &[name("IED1LD0", item)], &[value.to_vec()])
}

const CALL: &[u8] = &[3, 0, 0, 22, 17, 0xe0, 0, 0, 0, 1, 0, 0xc0, 1, 13, 0xc2, 2, 0, 1, 0xc1, 2, 0, 1];
const TRUE: &[u8] = &[0x83, 1, 1];
const DONE: &[u8] = &[0xa5, 2, 0x81, 0];

fn tcp() -> Dialogue {
    Dialogue::tcp(&SPEC, 102)
}

fn identify(bytes: &[u8]) -> Verdict {
    let hint = Hint { transport: Transport::Tcp, src_port: 50000, dst_port: 50001, ethertype: 0 };
    layers::identify(&hint, bytes)
}

#[test]
fn a_session_is_read() {
    let identity = tlv(0xa2, &cat(&[tlv(0x80, b"Example Relays"), tlv(0x81, b"R7"), tlv(0x82, b"2.1")]));
    let value = tlv(0xa4, &tlv(0xa1, &tlv(0x85, &[42])));
    let seen = tcp()
        .client(CALL)
        .client(&aarq(None))
        .server(&aare(0, 0))
        .client(&request(1, &[0x82, 0]))
        .server(&response(1, &identity))
        .client(&read(2, &[name("IED1LD0", "MMXU1$MX$TotW")]))
        .server(&response(2, &value))
        .end();
    assert_eq!(seen.ops(), ["mms associate accepted x1", "mms identify accepted x1", "mms read accepted x1"]);
    let facts = seen.facts();
    for fact in ["server vendor=Example Relays", "server model=R7", "server firmware=2.1"] {
        assert!(facts.contains(&fact.to_owned()), "{fact}");
    }
    assert!(facts.contains(&"client ap-title=1.1.1.999".to_owned()), "{facts:?}");
    let (key, stat) = seen.obs.operations.iter().last().expect("the read");
    assert_eq!(key.unit.map(|u| seen.obs.strings.get(u)), Some("IED1LD0"));
    assert_eq!((stat.target.as_deref(), stat.space.as_deref()), (Some("MMXU1$MX$TotW"), Some("MX")));
}

#[test]
fn segmentation_does_not_matter() {
    let session = [CALL, &aarq(Some(b"secret")), &one("GGIO1$CO$SPCSO1$Oper", TRUE)].concat();
    let answers = [aare(0, 0), response(1, DONE)].concat();
    for n in [1, 2, 3, 7, 64, 4000] {
        let seen = tcp().client_split(&session, n).server_split(&answers, n).end();
        assert_eq!(seen.ops(), ["mms associate accepted x1", "mms operate accepted x1"], "pieces of {n}");
        assert_eq!(seen.creds(), ["password - secret success"]);
    }
}

#[test]
fn a_message_in_several_tpdus_is_joined() {
    let whole = one("GGIO1$CO$SPCSO1$Oper", TRUE);
    let payload = &whole[7..];
    let (a, b) = payload.split_at(payload.len() / 2);
    let seen = tcp().client(&tpdu(false, a)).client(&tpdu(true, b)).server(&response(1, DONE)).end();
    assert_eq!(seen.ops(), ["mms operate accepted x1"]);
}

#[test]
fn passwords_have_their_outcome() {
    let cred = |d: Dialogue| d.end().creds();
    assert_eq!(cred(tcp().client(&aarq(Some(b"hmi-1"))).server(&aare(0, 0))), ["password - hmi-1 success"]);
    assert_eq!(cred(tcp().client(&aarq(Some(b"hmi-1"))).server(&aare(1, 13))), ["password - hmi-1 failure"]);
    assert_eq!(cred(tcp().client(&aarq(Some(b"hmi-1")))), ["password - hmi-1 unknown"]);
    let seen = tcp().client(&aarq(Some(b"hmi-1"))).server(&aare(1, 13)).end();
    assert_eq!(seen.ops(), ["mms associate refused x1"]);
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.action, Action::Authenticate);
    assert_eq!(stat.exception, Some((13, "authentication_failure".into())));
    let seen = tcp().client(&aarq(None)).server(&tpdu(true, &[0x0c, 3, 0x32, 1, 2])).end();
    assert_eq!(seen.ops(), ["mms associate refused x1"]);
}

#[test]
fn writes_have_the_name_of_what_they_do() {
    let cases: &[(&str, &[u8], &str, &str)] = &[
        ("CSWI1$CO$Pos$Oper", TRUE, "operate", "write"),
        ("CSWI1$CO$Pos$SBOw", TRUE, "select_with_value", "write"),
        ("CSWI1$CO$Pos$Cancel", TRUE, "cancel_control", "write"),
        ("LLN0$CO$Mod$Oper", TRUE, "operate", "change-mode"),
        ("LLN0$SP$SGCB$ActSG", &[0x86, 1, 2], "select_active_sg", "configure"),
        ("PTOC1$SE$StrVal$setMag$f", TRUE, "set_edit_sg_value", "configure"),
        ("XCBR1$SV$Pos$subEna", TRUE, "substitute", "force"),
        ("LLN0$BR$brcb01$RptEna", TRUE, "enable_report", "subscribe"),
        ("LLN0$BR$brcb01$RptEna", &[0x83, 1, 0], "disable_report", "configure"),
        ("LLN0$GO$gcb01$GoEna", &[0x83, 1, 0], "disable_goose", "configure"),
        ("LLN0$MS$svcb01$SvEna", TRUE, "enable_sv", "configure"),
        ("GGIO1$SP$SPCSO1$stVal", TRUE, "write", "write"),
    ];
    for (item, value, expected, action) in cases {
        let seen = tcp().client(&one(item, value)).server(&response(1, DONE)).end();
        assert_eq!(seen.ops(), [format!("mms {expected} accepted x1")], "{item}");
        let stat = seen.obs.operations.values().next().expect("one operation");
        assert_eq!(stat.action.name(), *action, "{item}");
    }
    let select = tlv(0xa4, &tlv(0xa1, &tlv(0x8a, b"x")));
    let seen = tcp().client(&read(1, &[name("A", "CSWI1$CO$Pos$SBO")])).server(&response(1, &select)).end();
    assert_eq!(seen.ops(), ["mms select accepted x1"]);
}

#[test]
fn a_command_tells_value_origin_and_test() {
    let origin = tlv(0xa2, &cat(&[tlv(0x85, &[3]), tlv(0x89, b"scada-1")]));
    let time = tlv(0x91, &[0x65, 0, 0, 0, 0, 0, 0, 0x0a]);
    let command =
        tlv(0xa2, &cat(&[TRUE.to_vec(), origin, tlv(0x86, &[7]), time, TRUE.to_vec(), tlv(0x84, &[6, 0xc0])]));
    let seen = tcp().client(&one("CSWI1$CO$Pos$Oper", &command)).server(&response(1, DONE)).end();
    let stat = seen.obs.operations.values().next().expect("one operation");
    assert_eq!(stat.value, Some(Val::Bool(true)));
    let detail = |name: &str| stat.detail.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
    assert_eq!(detail("or_cat"), Some(Val::from("remote_control")));
    assert_eq!(detail("or_ident"), Some(Val::from("scada-1")));
    assert_eq!((detail("ctl_num"), detail("test")), (Some(Val::Int(7)), Some(Val::Bool(true))));
}

#[test]
fn each_variable_of_a_write_has_its_outcome() {
    let names = [name("A", "GGIO1$CO$SPCSO1$Oper"), name("A", "LLN0$SP$SGCB$ActSG")];
    let ask = write(1, &names, &[TRUE.to_vec(), vec![0x86, 1, 2]]);
    let seen = tcp().client(&ask).server(&response(1, &[0xa5, 5, 0x81, 0, 0x80, 1, 3])).end();
    assert_eq!(seen.ops(), ["mms operate accepted x1", "mms select_active_sg refused x1"]);
    let stat = seen.obs.operations.values().find(|s| s.exception.is_some()).expect("a refusal");
    assert_eq!(stat.exception, Some((3, "object_access_denied".into())));
}

#[test]
fn files_are_followed_by_name() {
    let file = tlv(0xa0, &tlv(0x19, b"/COMTRADE/fault1.dat"));
    let opened = high(0xbf, 72, &cat(&[tlv(0x80, &[5]), tlv(0xa1, &tlv(0x80, &[9]))]));
    let part = high(0xbf, 73, &cat(&[tlv(0x80, &[0; 20]), tlv(0x81, &[0])]));
    let seen = tcp()
        .client(&request(1, &high(0xbf, 72, &cat(&[file, tlv(0x81, &[0])]))))
        .server(&response(1, &opened))
        .client(&request(2, &high(0x9f, 73, &[5])))
        .server(&response(2, &part))
        .client(&request(3, &high(0x9f, 74, &[5])))
        .server(&response(3, &high(0x9f, 74, &[])))
        .client(&request(4, &high(0xbf, 76, &tlv(0x19, b"settings.cfg"))))
        .server(&error(4, 11, 6))
        .end();
    let expected = ["mms file_open accepted x1", "mms file_read accepted x1", "mms file_close accepted x1"];
    assert_eq!(seen.ops()[..3], expected);
    assert_eq!(seen.ops()[3..], ["mms file_delete refused x1"]);
    let target = |n: usize| seen.obs.operations.iter().nth(n).and_then(|(_, s)| s.target.clone());
    assert_eq!(target(1).as_deref(), Some("/COMTRADE/fault1.dat"));
    let stat = seen.obs.operations.values().last().expect("the deletion");
    assert_eq!(stat.exception, Some((1106, "file_access_denied".into())));
}

#[test]
fn names_of_devices_and_plates_are_facts() {
    let ask = request(1, &tlv(0xa1, &cat(&[tlv(0xa0, &tlv(0x80, &[9])), tlv(0xa1, &tlv(0x80, &[]))])));
    let names = cat(&[tlv(0x1a, b"AA1E1Q1PROT"), tlv(0x1a, b"AA1E1Q1CTRL")]);
    let domains = tlv(0xa1, &cat(&[tlv(0xa0, &names), tlv(0x81, &[0])]));
    let plates = [name("AA1E1Q1PROT", "LPHD1$DC$PhyNam$serNum"), name("AA1E1Q1PROT", "LLN0$DC$NamPlt")];
    let plate = tlv(0xa2, &cat(&[tlv(0x8a, b"Example Relays"), tlv(0x8a, b"3.4")]));
    let values = tlv(0xa4, &tlv(0xa1, &cat(&[tlv(0x8a, b"SN-77"), plate])));
    let seen = tcp()
        .client(&ask)
        .server(&response(1, &domains))
        .client(&read(2, &plates))
        .server(&response(2, &values))
        .end();
    let facts = seen.facts();
    for fact in [
        "id:iec61850=AA1E1Q1PROT",
        "id:iec61850=AA1E1Q1CTRL",
        "name=AA1E1Q1",
        "serial=SN-77",
        "vendor=Example Relays",
        "firmware=3.4",
    ] {
        assert!(facts.contains(&format!("server {fact}")), "{fact} in {facts:?}");
    }
}

#[test]
fn reports_of_commands_are_events() {
    let variables = list(&[tlv(0x80, b"LastApplError"), name("A", "CSWI1$CO$Pos$Oper")]);
    let origin = tlv(0xa2, &cat(&[tlv(0x85, &[3]), tlv(0x89, b"x")]));
    let reason = tlv(
        0xa2,
        &cat(&[
            tlv(0x8a, b"A/CSWI1$CO$Pos$Oper"),
            tlv(0x85, &[1]),
            origin,
            tlv(0x86, &[7]),
            tlv(0x85, &[10]),
        ]),
    );
    let report = tlv(0xa3, &tlv(0xa0, &cat(&[variables, tlv(0xa0, &reason)])));
    let ended = tlv(0xa3, &tlv(0xa0, &cat(&[list(&[name("A", "CSWI1$CO$Pos$Oper")]), tlv(0xa0, TRUE)])));
    let seen = tcp().server(&data(&report)).server(&data(&ended)).end();
    let actions: Vec<_> = (0..2).filter_map(|i| seen.field(i, "event.action")).collect();
    assert_eq!(actions, ["last_appl_error", "command_termination"]);
    assert_eq!(seen.field(0, "ot.exception.name").as_deref(), Some("blocked_by_interlocking"));
    assert_eq!(seen.field(0, "ot.address.name").as_deref(), Some("CSWI1$CO$Pos$Oper"));
}

#[test]
fn either_side_asks() {
    let seen = tcp()
        .client(&aarq(None))
        .server(&aare(0, 0))
        .server(&read(1, &[name("A", "x")]))
        .client(&response(1, &[0xa4, 5, 0xa1, 3, 0x80, 1, 10]))
        .end();
    assert_eq!(seen.ops(), ["mms associate accepted x1", "mms read refused x1"]);
    let (key, _) = seen.obs.operations.iter().last().expect("the read");
    assert_eq!(seen.obs.hosts[key.client.0 as usize].0.addr, HostAddr::Ip(crate::testkit::SERVER));
}

#[test]
fn outcomes_without_an_answer() {
    let ask = one("GGIO1$CO$SPCSO1$Oper", TRUE);
    assert_eq!(tcp().client(&ask).end().ops(), ["mms operate unknown x1"]);
    let seen = tcp().client(&aarq(None)).server(&aare(0, 0)).client(&ask).end();
    assert_eq!(seen.ops(), ["mms associate accepted x1", "mms operate no-answer x1"]);
    // an answer of another service says nothing
    let seen = tcp().client(&ask).server(&response(1, &[0xa4, 2, 0xa1, 0])).end();
    assert_eq!(seen.ops(), ["mms operate unknown x1"]);
    let reject = data(&tlv(0xa4, &cat(&[tlv(0x80, &[1]), tlv(0x81, &[3])])));
    assert_eq!(tcp().client(&ask).server(&reject).end().ops(), ["mms operate refused x1"]);
}

#[test]
fn the_reduced_stack_is_read() {
    let start = tlv(0xa0, &cat(&[tlv(2, &[1]), high(0xbf, 40, &tlv(0x80, b"Pump_1"))]));
    let take = tlv(0xa0, &cat(&[tlv(2, &[2]), tlv(0xb3, &tlv(0xa0, &tlv(0x80, b"reserved")))]));
    let seen = tcp()
        .client(&tpdu(true, &initiate(0xa8)))
        .client(&tpdu(true, &start))
        .client(&tpdu(true, &take))
        .client(&tpdu(true, &[0x85, 1, 1]))
        .server(&tpdu(true, &[0x86, 1, 1]))
        .end();
    let mut ops = seen.ops();
    ops.sort();
    assert_eq!(ops, ["mms cancel accepted x1", "mms start no-answer x1", "mms take_control no-answer x1"]);
    let target = seen.obs.operations.values().find(|s| s.action == Action::Start).and_then(|s| s.target.clone());
    assert_eq!(target.as_deref(), Some("Pump_1"));
}

#[test]
fn identifies_and_refuses() {
    assert_eq!(identify(CALL), Verdict::Need);
    assert_eq!(identify(&[CALL, &aarq(None)].concat()), Verdict::Strong(Role::Client));
    assert_eq!(identify(&aare(0, 0)), Verdict::Strong(Role::Server));
    assert_eq!(identify(&one("A", TRUE)), Verdict::Strong(Role::Client));
    assert_eq!(identify(&response(1, DONE)), Verdict::Strong(Role::Server));
    assert_eq!(identify(&tpdu(true, &initiate(0xa8))), Verdict::Strong(Role::Client));
    let s7 = tpdu(true, &[0x32, 1, 0, 0, 0, 0, 0, 8, 0, 0, 0xf0, 0, 0, 1, 0, 1, 1, 0xe0]);
    let plus = tpdu(true, &[0x72, 1, 0, 4, 0x31, 0, 0, 4]);
    let rdp = [3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0];
    let t125 = tpdu(true, &[0x7f, 0x65, 0x82, 1, 0x94, 4, 1, 1]);
    // an invocation of remote operations has no tag of the context class behind its number
    let rose = data(&tlv(0xa1, &cat(&[tlv(2, &[1]), tlv(2, &[4])])));
    for other in [&s7[..], &plus, &t125, &rose, b"GET / HTTP/1.1\r\n", &[0, 1, 0, 0, 0, 6, 17, 3, 0, 107, 0, 3]] {
        assert_eq!(identify(other), Verdict::No);
    }
    assert_eq!(identify(&rdp), Verdict::Need);
    assert_eq!(identify(&[&rdp[..], &t125].concat()), Verdict::No);
    let s7comm = crate::protocols::s7comm::SPEC.identify;
    let hint = Hint { transport: Transport::Tcp, src_port: 50000, dst_port: 102, ethertype: 0 };
    assert_eq!(s7comm(&hint, &[CALL, &aarq(None)].concat()), Verdict::No);
}

#[test]
fn bad_pdus_cost_nothing_else() {
    let bad = tpdu(true, &[1, 0, 1, 0, 0x61, 3, 0x30, 9, 9]);
    let empty = data(&tlv(0xa0, &tlv(2, &[9])));
    let ask = one("GGIO1$CO$SPCSO1$Oper", TRUE);
    let seen =
        tcp().client(&bad).client(&empty).client(&ask).gap(false, 80).server(&response(1, DONE)).end();
    assert_eq!(seen.ops(), ["mms operate accepted x1"]);
    assert_eq!(seen.obs.parse_errors.get("mms"), Some(&2));
}

proptest! {
    #[test]
    fn never_panics(
        noise in proptest::collection::vec(any::<u8>(), 0..120),
        flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        number in 0u8..100,
    ) {
        let _verdict = (identify(&noise), identify(&tpdu(true, &noise)), identify(&data(&noise)));
        let service = if number < 31 { tlv(0xa0 | number, &noise) } else { high(0xbf, number, &noise) };
        let mut session =
            [CALL, &aarq(Some(b"x")), &request(1, &service), &one("GGIO1$CO$SPCSO1$Oper", TRUE)].concat();
        let mut answers = [aare(0, 0), response(1, &service), error(1, number, 1)].concat();
        for (at, value) in &flips {
            let i = at.index(session.len());
            session[i] = *value;
            let i = at.index(answers.len());
            answers[i] = *value;
        }
        let _verdict = (identify(&session), identify(&answers));
        let _seen = tcp().client(&session).server(&answers).gap(true, 3).client(&noise).end();
        let report = data(&tlv(0xa3, &tlv(0xa0, &noise)));
        let _seen = tcp().client(&tpdu(false, &noise)).client(&tpdu(true, &noise)).server(&report).end();
    }
}
