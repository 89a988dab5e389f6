//! Accounts of the console, in both databases.

use super::*;

fn user(name: &str, role: &str) -> UserRow {
    UserRow {
        id: format!("id of {name}"),
        name: name.to_owned(),
        role: role.to_owned(),
        password: Some(format!("hash of {name}")),
        at: 1,
        ..UserRow::default()
    }
}

fn session(user: &UserRow, hash: &str, at: i64) -> SessionRow {
    let (hash, csrf) = (hash.to_owned(), "csrf".to_owned());
    SessionRow { hash, user: user.clone(), csrf, at, seen: at, ends: at + 1000, confirmed: None }
}

#[test]
fn a_user_is_known_by_id_name_in_any_case_and_subject_and_no_two_share_one() {
    with_each(|store, _| async move {
        let ann =
            UserRow { subject: Some("https://id 1".to_owned()), ..user("Ann 安娜", "admin") };
        let kept = ann.clone();
        let found = store
            .write(move |c| {
                assert!(kept.insert(c)?);
                assert!(
                    !UserRow { id: "other".to_owned(), subject: None, ..kept.clone() }.insert(c)?
                );
                let same = UserRow { subject: kept.subject.clone(), ..user("bo", "viewer") };
                assert!(!same.insert(c)?);
                assert!(user("bo", "viewer").insert(c)?);
                assert_eq!(UserRow::named(c, " ANN 安娜 ")?.as_ref(), Some(&kept));
                assert_eq!(UserRow::known_as(c, "https://id 1")?.as_ref(), Some(&kept));
                assert_eq!(
                    (UserRow::named(c, "' OR 1=1 --")?, UserRow::find(c, "%")?),
                    (None, None)
                );
                assert_eq!((UserRow::count(c)?, UserRow::others(c, &kept.id, "admin")?), (2, 0));
                assert_eq!(UserRow::others(c, "", "admin")?, 1);
                UserRow::list(c)
            })
            .await
            .unwrap();
        assert_eq!(found, [ann, user("bo", "viewer")]);
    });
}

#[test]
fn whoever_is_changed_has_no_session_but_the_one_that_is_spared() {
    with_each(|store, _| async move {
        let ann = user("ann", "reviewer");
        store
            .write(move |c| {
                ann.insert(c)?;
                for number in 0..MOST_SESSIONS + 5 {
                    session(&ann, &format!("s{number}"), 100 + number).insert(c)?;
                }
                // Of too many the oldest have ended, and so has what is over.
                assert_eq!(SessionRow::find(c, "s4")?, None);
                let last = session(&ann, "s24", 124);
                let seen = UserRow { seen: Some(124), ..ann.clone() };
                assert_eq!(SessionRow::find(c, "s24")?, Some(SessionRow { user: seen, ..last }));
                session(&ann, "late", 1121).insert(c)?;
                assert_eq!(SessionRow::find(c, "s20")?.map(|s| s.hash), None);
                SessionRow::touch(c, "late", (1200, true))?;
                SessionRow::touch(c, "late", (1300, false))?;
                let late = SessionRow::find(c, "late")?.unwrap();
                assert_eq!((late.seen, late.confirmed), (1300, Some(1200)));
                let change = UserChange {
                    role: Some("viewer".to_owned()),
                    disabled: Some(true),
                    password: Some(("new".to_owned(), true)),
                };
                UserRow::change(c, &ann.id, &change, Some("s24"))?;
                assert!(SessionRow::find(c, "late")?.is_none());
                let spared = SessionRow::find(c, "s24")?.unwrap().user;
                assert_eq!(
                    (spared.role.as_str(), spared.disabled, spared.must_change),
                    ("viewer", true, true)
                );
                assert_eq!(spared.password.as_deref(), Some("new"));
                let back = UserChange { disabled: Some(false), ..UserChange::default() };
                UserRow::change(c, &ann.id, &back, None)?;
                let is = UserRow::find(c, &ann.id)?.unwrap();
                assert_eq!(
                    (is.role.as_str(), is.disabled, is.must_change),
                    ("viewer", false, true)
                );
                assert!(SessionRow::find(c, "s24")?.is_none() && !SessionRow::end(c, "s24")?);
                Ok(())
            })
            .await
            .unwrap();
    });
}

#[test]
fn a_token_is_found_by_its_digest_until_it_is_revoked_and_one_has_so_many() {
    with_each(|store, _| async move {
        let (ann, bo) = (user("ann", "editor"), user("bo", "viewer"));
        store
            .write(move |c| {
                ann.insert(c)?;
                bo.insert(c)?;
                let token = |user: &UserRow, number: i64| TokenRow {
                    id: format!("t{number:03} of {}", user.name),
                    hash: format!("h{number} of {}", user.name),
                    name: "ci".to_owned(),
                    user: user.clone(),
                    scopes: "see read".to_owned(),
                    at: number,
                    expires: (number > 0).then_some(number),
                    ..TokenRow::default()
                };
                for number in 0..MOST_TOKENS {
                    assert!(token(&ann, number).insert(c)?);
                }
                assert!(!token(&ann, 1000).insert(c)? && token(&bo, 0).insert(c)?);
                assert_eq!(TokenRow::find(c, "h7 of ann")?, Some(token(&ann, 7)));
                TokenRow::touch(c, "t007 of ann", 50)?;
                assert!(
                    TokenRow::revoke(c, "t007 of ann", 60)?
                        && !TokenRow::revoke(c, "t007 of ann", 70)?
                );
                let gone = TokenRow { used: Some(50), revoked: Some(60), ..token(&ann, 7) };
                assert_eq!(TokenRow::with_id(c, "t007 of ann")?, Some(gone));
                TokenRow::revoke_all(c, &ann.id, 80)?;
                let all = TokenRow::list(c, Some(&ann.id))?;
                assert!(all.iter().all(|token| token.revoked.is_some()));
                assert_eq!(TokenRow::list(c, Some(&bo.id))?, [token(&bo, 0)]);
                assert_eq!(i64::try_from(TokenRow::list(c, None)?.len()), Ok(MOST_TOKENS + 1));
                Ok(())
            })
            .await
            .unwrap();
    });
}
